"""A drawing: a picture is noised to t, and drawn back several times."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from ddpm_studio.jobs.events import DrawingResult, Event, Pictures
from ddpm_studio.requests import SamplerRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


class EchoRequest(SamplerRequest):
    """Noise a picture, and draw what it may have been."""

    run: Path
    t: int = Field(5, ge=1, title="t", description="How far it is noised.")
    count: int = Field(2, ge=1, le=100, title="Count", description="How many pictures.")


def echo(
    request: EchoRequest, picture: Pictures, models: ModelStore
) -> Generator[Event, None, DrawingResult]:
    """Draw ``request.count`` pictures from one x_t of the picture, uint8 (H, W, C)."""
    from ddpm_studio.engine import PictureNoise
    from ddpm_studio.jobs.drawing.drawing import draw, recipe
    from ddpm_studio.jobs.drawing.latents import add_noise
    from ddpm_studio.jobs.drawing.pictures import to_latent
    from ddpm_studio.jobs.drawing.sampling_defaults import with_run_defaults

    model = models.for_drawing(request.run, request)
    # What was not asked is as the run draws: its sampler, its clipping, its guidance.
    request = with_run_defaults(model, request)
    x_t = add_noise(model, to_latent(picture, model), request.t, request.seed)
    noise = PictureNoise(request.seed, range(request.count), model.device)
    start = x_t.expand(request.count, -1, -1, -1)
    pictures = yield from draw(model, request, start, request.t, noise, text="Echoing")
    return DrawingResult(pictures, recipe(model, request, {"picture": picture}))
