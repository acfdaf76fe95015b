"""Interpolation through latent space [DDPM Fig. 8, 9]."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from ddpm_studio.engine import PictureNoise, encode, mix, mix_between, mix_corners
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import check_t, draw, recipe
from ddpm_studio.jobs.drawing.latents import forward_noise
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import as_the_run_draws
from ddpm_studio.jobs.events import DrawingBegun, Drawn, Event, Pictures
from ddpm_studio.requests import InterpolateRequest, MixRequest, PathRequest, trail_points


def interpolate(
    request: InterpolateRequest, ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, Drawn]:
    """Encode the pictures to t, mix, and decode; all noise is held fixed over λ.

    Yields DrawingBegun, Progress, and FrameImages of all pictures if ``request.frames`` asks for
    them.

    Args:
        request: t, how many λ or which one, or a trail of points, how to mix, sampler.
        ends: uint8 (H, W, C) of the model's size each: two, at λ = 0 and 1; or four corners of
            a square (top left, top right, bottom left, bottom right), which gives λ·λ pictures,
            row by row.
        models: where the model comes from.

    Raises:
        StudioError: if the run can't be read, a picture does not fit, there are neither two
            nor four, t is out of range, or u and v do not go with the number of pictures.
    """
    if len(ends) not in (2, 4):
        raise StudioError(f"{len(ends)} pictures can't be mixed.", "Choose two, or four corners.")
    if request.trail is not None and len(ends) != 4:
        raise StudioError("A trail goes between four pictures.", "Give four corners.")
    if (request.v is not None) != (request.u is not None and len(ends) == 4):
        raise StudioError(
            "u and v do not go with these pictures.",
            "Between two give u alone, between four corners u and v.",
        )
    model = models.for_drawing(request.run, request)
    request = as_the_run_draws(model, request)
    x_t = _encoded(model, request, ends)
    lambdas = torch.linspace(0, 1, request.steps_lambda)
    if request.u is not None:
        lambdas = torch.tensor([request.u])
    if request.trail is not None:
        mixed = mix_between(x_t, torch.tensor(trail_points(request.trail)), request.mix)
    elif request.v is not None:
        across = [mix(x_t[k], x_t[k + 1], lambdas, request.mix)[0] for k in (0, 2)]
        mixed = mix(across[0], across[1], torch.tensor([request.v]), request.mix)
    elif len(ends) == 4:
        mixed = mix_corners(x_t, lambdas, request.mix)
    else:
        mixed = mix(x_t[0], x_t[1], lambdas, request.mix)
    return (yield from _decoded(model, request, mixed, ends))


def walk_path(
    request: PathRequest, keys: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, Drawn]:
    """Encode key pictures to t and walk λ from each to the next; all noise is held fixed.

    Yields DrawingBegun, Progress, and FrameImages of all pictures if ``request.frames`` asks for
    them.

    Args:
        request: t, λ steps from key to key with both counted, how to mix, sampler.
        keys: uint8 (H, W, C) of the model's size each, two or more.
        models: where the model comes from.

    Returns:
        (K − 1)·(λ steps − 1) + 1 pictures, each key once; a closed path goes on to the first
        key but does not show it twice: K·(λ steps − 1).

    Raises:
        StudioError: if the run can't be read, a picture does not fit, there are fewer than
            two, or t is out of range.
    """
    if len(keys) < 2:
        raise StudioError("A path needs two pictures or more.", "Add another picture to it.")
    model = models.for_drawing(request.run, request)
    request = as_the_run_draws(model, request)
    x_t = _encoded(model, request, keys)
    lambdas = torch.linspace(0, 1, request.steps_lambda)[:-1]
    stops = [*x_t, x_t[0]] if request.closed else list(x_t)
    legs = [mix(a, b, lambdas, request.mix) for a, b in itertools.pairwise(stops)]
    mixed = torch.cat(legs if request.closed else [*legs, x_t[-1:]])
    return (yield from _decoded(model, request, mixed, keys))


def _encoded(model: Model, request: MixRequest, pictures: Sequence[Pictures]) -> Tensor:
    """x_t ~ q(x_t|x_0) of each picture with noise of its own, shape (N, C, H, W)."""
    check_t(model, request.t)
    forward = forward_noise(model, request.seed, len(pictures))
    x_0 = torch.cat([to_latent(picture, model) for picture in pictures])
    return encode(model.process, x_0, request.t, forward.draw(x_0.shape[1:]))


def _decoded(
    model: Model, request: MixRequest, mixed: Tensor, inputs: Sequence[Pictures]
) -> Generator[Event, None, Drawn]:
    named = {str(number): picture for number, picture in enumerate(inputs)}
    made = recipe(model, request, named)
    yield DrawingBegun(made)
    noise = PictureNoise(request.seed, [0] * len(mixed), model.device)
    pictures = yield from draw(
        model, request, mixed, request.t, noise, frames=request.frames, text="Interpolating"
    )
    return Drawn(pictures, made, to_uint8(mixed).cpu().numpy())
