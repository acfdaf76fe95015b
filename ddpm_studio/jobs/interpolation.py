"""From one picture to another through latent space [DDPM Fig. 8, 9]."""

from __future__ import annotations

from collections.abc import Generator

import torch

from ddpm_studio.engine import PictureNoise, derive_seed, encode, mix
from ddpm_studio.engine.pixels import to_uint8
from ddpm_studio.jobs.drawing import check_t, draw, recipe
from ddpm_studio.jobs.events import Drawn, Event, Pictures
from ddpm_studio.jobs.models import ModelStore
from ddpm_studio.jobs.pictures import to_latent
from ddpm_studio.requests import InterpolateRequest

_FORWARD = 1


def interpolate(
    request: InterpolateRequest, a: Pictures, b: Pictures, models: ModelStore
) -> Generator[Event, None, Drawn]:
    """Encode both pictures to t, mix, and decode; all noise is held fixed over λ.

    Yields Progress, and FrameImages of all pictures if ``request.frames`` asks for them.

    Args:
        request: t, how many λ, how to mix, sampler.
        a: uint8 (H, W, C) of the model's size, at λ = 0.
        b: the same, at λ = 1.
        models: where the model comes from.

    Raises:
        StudioError: if the run can't be read, a picture does not fit or t is out of range.
    """
    model = models.get(request.run, request.weights, request.device)
    check_t(model, request.t)
    forward = PictureNoise(derive_seed(request.seed, _FORWARD), [0, 1], model.device)
    x_0 = torch.cat([to_latent(a, model), to_latent(b, model)])
    x_t = encode(model.process, x_0, request.t, forward.draw(x_0.shape[1:]))
    lambdas = torch.linspace(0, 1, request.steps_lambda)
    mixed = mix(x_t[0], x_t[1], lambdas, request.mix)
    noise = PictureNoise(request.seed, [0] * request.steps_lambda, model.device)
    pictures = yield from draw(
        model, request, mixed, request.t, noise, frames=request.frames, text="Interpolating"
    )
    return Drawn(pictures, recipe("interpolate", model, request), to_uint8(mixed).cpu().numpy())
