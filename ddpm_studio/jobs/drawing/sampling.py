"""Draw pictures from noise [DDPM Algorithm 2]."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import numpy as np

from ddpm_studio.engine import PictureNoise
from ddpm_studio.jobs.drawing.drawing import batch_limit, draw, picture_shape, recipe
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.events import Drawn, Event, Progress
from ddpm_studio.jobs.relay import relay
from ddpm_studio.requests import SampleRequest


def sample(request: SampleRequest, models: ModelStore) -> Generator[Event, None, Drawn]:
    """Draw ``request.count`` pictures; picture k of a seed is the same whatever the count.

    Yields:
        Progress, and FrameImages of all pictures if ``request.frames`` asks for them.

    Raises:
        StudioError: if the run can't be read or a setting is out of range.
    """
    model = models.for_drawing(request.run, request)
    T = model.process.schedule.T
    # A trajectory to look at walks all pictures in step; else they go in batches.
    size = request.count if request.frames else batch_limit(picture_shape(model), model.device)
    starts = range(0, request.count, size)
    pictures = []
    for batch, start in enumerate(starts):
        numbers = range(start, min(start + size, request.count))
        noise = PictureNoise(request.seed, numbers, model.device)
        x_T = noise.draw(picture_shape(model))
        job = draw(
            model,
            request,
            x_T,
            T,
            noise,
            frames=request.frames,
            text="Sampling",
            walks=len(starts) - batch,
        )
        pictures.append((yield from relay(job, partial(_part, batch, len(starts)))))
    return Drawn(np.concatenate(pictures), recipe("sample", model, request))


def _part(batch: int, batches: int, own: Progress) -> Progress:
    """The progress of one batch as its part of the whole."""
    return Progress(batch * own.total + own.done, batches * own.total, own.text)
