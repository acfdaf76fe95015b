"""Draw pictures from noise [DDPM Algorithm 2]."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ddpm_studio.engine import PictureNoise
from ddpm_studio.jobs.drawing import batch_limit, draw, picture_shape, recipe
from ddpm_studio.jobs.events import Drawn, Event, Progress
from ddpm_studio.jobs.models import ModelStore
from ddpm_studio.requests import SampleRequest


def sample(request: SampleRequest, models: ModelStore) -> Generator[Event, None, Drawn]:
    """Draw ``request.count`` pictures; picture k of a seed is the same whatever the count.

    Yields:
        Progress, and FrameImages of all pictures if ``request.frames`` asks for them.

    Raises:
        StudioError: if the run can't be read or a setting is out of range.
    """
    model = models.get(request.run, request.weights, request.device)
    T = model.process.schedule.T
    # A trajectory to look at walks all pictures in step; else they go in batches.
    size = request.count if request.frames else batch_limit(picture_shape(model)[1], model.device)
    starts = range(0, request.count, size)
    pictures = []
    for batch, start in enumerate(starts):
        numbers = range(start, min(start + size, request.count))
        noise = PictureNoise(request.seed, numbers, model.device)
        x_T = noise.draw(picture_shape(model))
        job = draw(model, request, x_T, T, noise, frames=request.frames, text="Sampling")
        pictures.append((yield from _counted(job, batch, len(starts))))
    return Drawn(np.concatenate(pictures), recipe("sample", model, request))


def _counted(
    job: Generator[Event, None, np.ndarray], batch: int, batches: int
) -> Generator[Event, None, np.ndarray]:
    """Count the progress of one batch as its part of the whole."""
    while True:
        try:
            event = next(job)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        if isinstance(event, Progress):
            event = Progress(batch * event.total + event.done, batches * event.total, event.text)
        yield event
