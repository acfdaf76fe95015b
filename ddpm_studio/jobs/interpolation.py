"""From one picture to another through latent space [DDPM Fig. 8, 9]."""

from __future__ import annotations

from collections.abc import Generator, Sequence

import torch

from ddpm_studio.engine import PictureNoise, encode, mix, mix_corners
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing import check_t, draw, recipe
from ddpm_studio.jobs.events import Drawn, Event, Pictures
from ddpm_studio.jobs.latents import forward_noise
from ddpm_studio.jobs.models import ModelStore
from ddpm_studio.jobs.pictures import to_latent
from ddpm_studio.requests import InterpolateRequest


def interpolate(
    request: InterpolateRequest, ends: Sequence[Pictures], models: ModelStore
) -> Generator[Event, None, Drawn]:
    """Encode the pictures to t, mix, and decode; all noise is held fixed over λ.

    Yields Progress, and FrameImages of all pictures if ``request.frames`` asks for them.

    Args:
        request: t, how many λ, how to mix, sampler.
        ends: uint8 (H, W, C) of the model's size each: two, at λ = 0 and 1; or four corners of
            a square (top left, top right, bottom left, bottom right), which gives λ·λ pictures,
            row by row.
        models: where the model comes from.

    Raises:
        StudioError: if the run can't be read, a picture does not fit, there are neither two
            nor four, or t is out of range.
    """
    if len(ends) not in (2, 4):
        raise StudioError(f"{len(ends)} pictures can't be mixed.", "Choose two, or four corners.")
    model = models.get(request.run, request.weights, request.device)
    check_t(model, request.t)
    forward = forward_noise(model, request.seed, len(ends))
    x_0 = torch.cat([to_latent(end, model) for end in ends])
    x_t = encode(model.process, x_0, request.t, forward.draw(x_0.shape[1:]))
    lambdas = torch.linspace(0, 1, request.steps_lambda)
    if len(ends) == 4:
        mixed = mix_corners(x_t, lambdas, request.mix)
    else:
        mixed = mix(x_t[0], x_t[1], lambdas, request.mix)
    noise = PictureNoise(request.seed, [0] * len(mixed), model.device)
    pictures = yield from draw(
        model, request, mixed, request.t, noise, frames=request.frames, text="Interpolating"
    )
    return Drawn(pictures, recipe("interpolate", model, request), to_uint8(mixed).cpu().numpy())
