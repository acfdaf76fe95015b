"""Interpolation in latent space [DDPM Fig. 8, 9], and between class embeddings."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Sequence

import torch
from torch import Tensor

from ddpm_studio.durations import format_count
from ddpm_studio.engine import PictureNoise, encode, mix, mix_between, mix_corners
from ddpm_studio.engine.guidance import interpolation_weights
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import check_t, draw, recipe
from ddpm_studio.jobs.drawing.evaluator import Classes
from ddpm_studio.jobs.drawing.latents import forward_noise
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.pictures import to_latent
from ddpm_studio.jobs.drawing.sampling_defaults import with_run_defaults
from ddpm_studio.jobs.events import DrawingResult, DrawingStarted, Event, Pictures
from ddpm_studio.requests import InterpolateRequest, MixRequest, PathRequest, trail_points
from ddpm_studio.runs.classes import check_class, check_null_label


def interpolate(
    request: InterpolateRequest, ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, DrawingResult]:
    """Interpolate between pictures: encode to t, mix, and decode with noise fixed over λ.

    With ``request.class_labels`` each end is conditioned on its own class, and the class embedding
    is interpolated along with λ; see :func:`~ddpm_studio.engine.guidance.interpolation_weights`.

    Yields DrawingStarted, Progress, and FrameImages of all pictures if ``request.frames`` asks for
    them.

    Args:
        request: t, the number of λ or a single one, or a trail of points, how to mix, the sampler.
        ends: uint8 (H, W, C) of the model's size each: two, at λ = 0 and 1; or the four corners of
            a square (top left, top right, bottom left, bottom right), which give λ·λ pictures,
            row by row.
        models: store of models.

    Raises:
        StudioError: if the run can't be read, a picture does not fit, there are neither two
            nor four, t or a class is out of range, or u and v, or the classes, do not match the
            number of pictures.
    """
    if len(ends) not in (2, 4):
        raise StudioError(
            f"{format_count(len(ends), 'picture')} can't be mixed.", "Choose two, or four corners."
        )
    if request.trail is not None and len(ends) != 4:
        raise StudioError("A trail goes between four pictures.", "Give four corners.")
    if (request.v is not None) != (request.u is not None and len(ends) == 4):
        raise StudioError(
            "u and v do not go with these pictures.",
            "Between two give u alone, between four corners u and v.",
        )
    model = models.for_drawing(request.run, request)
    request = with_run_defaults(model, request)
    x_t = _encode_all(model, request, ends)
    mixed, weights = _mix_latents(request, x_t)
    return (yield from _decode(model, request, mixed, ends, weights))


def interpolate_path(
    request: PathRequest, keys: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, DrawingResult]:
    """Interpolate along a path of key pictures: encode to t, mix neighbours, and decode.

    The noise is fixed over λ. Classes belong to the pictures as in :func:`interpolate`.

    Yields DrawingStarted, Progress, and FrameImages of all pictures if ``request.frames`` asks for
    them.

    Args:
        request: t, λ steps from key to key, both included, how to mix, the sampler.
        keys: uint8 (H, W, C) of the model's size each, two or more.
        models: store of models.

    Returns:
        (K − 1)·(λ steps − 1) + 1 pictures, each key once; a closed path continues to the first
        key but does not show it twice: K·(λ steps − 1).

    Raises:
        StudioError: if the run can't be read, a picture does not fit, there are fewer than
            two, t or a class is out of range, or the classes do not match the pictures.
    """
    if len(keys) < 2:
        raise StudioError("A path needs two pictures or more.", "Add another picture to it.")
    model = models.for_drawing(request.run, request)
    request = with_run_defaults(model, request)
    x_t = _encode_all(model, request, keys)
    lambdas = torch.linspace(0, 1, request.steps_lambda)[:-1]
    stops = [*x_t, x_t[0]] if request.closed else list(x_t)
    legs = [mix(a, b, lambdas, request.mix) for a, b in itertools.pairwise(stops)]
    mixed = torch.cat(legs if request.closed else [*legs, x_t[-1:]])
    weights = _path_weights(lambdas, len(keys), request.closed)
    return (yield from _decode(model, request, mixed, keys, weights))


def _encode_all(model: Model, request: MixRequest, pictures: Sequence[Pictures]) -> Tensor:
    """Return x_t ~ q(x_t|x_0) of each picture with its own noise, shape (N, C, H, W)."""
    check_t(model, request.t)
    forward = forward_noise(model, request.seed, len(pictures))
    x_0 = torch.cat([to_latent(picture, model) for picture in pictures])
    return encode(model.process, x_0, request.t, forward.draw(x_0.shape[1:]))


def _mix_latents(request: InterpolateRequest, x_t: Tensor) -> tuple[Tensor, Tensor]:
    """Mix two latents or four corners, shape (K, C, H, W).

    Returns:
        The mixtures, shape (N, C, H, W), and the share of each latent in each, shape (N, K).
    """
    lambdas = torch.linspace(0, 1, request.steps_lambda)
    if len(x_t) == 2:
        if request.u is not None:
            lambdas = torch.tensor([request.u])
        return mix(x_t[0], x_t[1], lambdas, request.mix), _row_weights(lambdas)
    if request.trail is not None:
        points = torch.tensor(trail_points(request.trail))
    elif request.u is not None:
        points = torch.tensor([[request.u, request.v]])
    else:
        square = torch.cartesian_prod(lambdas, lambdas).flip(1)  # v varies slowest.
        return mix_corners(x_t, lambdas, request.mix), _corner_weights(square)
    return mix_between(x_t, points, request.mix), _corner_weights(points)


def _row_weights(lambdas: Tensor) -> Tensor:
    """Return the shares of both ends in each picture of a row, shape (N, 2)."""
    return torch.stack([1 - lambdas, lambdas], dim=1)


def _corner_weights(points: Tensor) -> Tensor:
    """Return the shares of the corners at points (u, v), (N, 2), of a square, shape (N, 4)."""
    u, v = points.unbind(1)
    return torch.stack([(1 - v) * (1 - u), (1 - v) * u, v * (1 - u), v * u], dim=1)


def _path_weights(lambdas: Tensor, keys: int, closed: bool) -> Tensor:
    """Return the shares of the keys in each picture of a path, shape (N, keys)."""
    rows = torch.eye(keys)
    stops = [*rows, rows[0]] if closed else list(rows)
    legs = [_row_weights(lambdas) @ torch.stack(leg) for leg in itertools.pairwise(stops)]
    return torch.cat(legs if closed else [*legs, rows[-1:]])


def _mixture_classes(model: Model, request: MixRequest, weights: Tensor) -> Classes | None:
    """Return the class or class shares of each mixture; None for the request's own class.

    Raises:
        StudioError: if the number of classes is not that of pictures, or the model lacks a
            class.
    """
    labels = request.class_labels
    if labels is None:
        return None
    if len(labels) != weights.shape[1]:
        raise StudioError(
            f"There are {format_count(weights.shape[1], 'picture')}, and not as many classes: "
            f"{len(labels)}.",
            "Give one of each picture, in order; none where it has none.",
        )
    known = [label for label in labels if label is not None]
    if not known:
        return None
    check_class(model.info, max(known))
    if len(known) < len(labels):
        check_null_label(model.info)
    elif len(set(known)) == 1:
        return known[:1] * len(weights)
    classes = model.network.config.num_classes
    assert classes is not None
    return interpolation_weights(labels, weights, classes)


def _decode(
    model: Model,
    request: MixRequest,
    mixed: Tensor,
    inputs: Sequence[Pictures],
    weights: Tensor,
) -> Generator[Event, None, DrawingResult]:
    classes = _mixture_classes(model, request, weights)
    named_inputs = {str(number): picture for number, picture in enumerate(inputs)}
    drawing_recipe = recipe(model, request, named_inputs)
    yield DrawingStarted(drawing_recipe)
    noise = PictureNoise(request.seed, [0] * len(mixed), model.device)
    pictures = yield from draw(
        model,
        request,
        mixed,
        request.t,
        noise,
        frames=request.frames,
        text="Interpolating",
        classes=classes,
    )
    return DrawingResult(pictures, drawing_recipe, to_uint8(mixed).cpu().numpy())
