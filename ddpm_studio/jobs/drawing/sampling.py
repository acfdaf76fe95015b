"""Draw pictures from noise [DDPM Algorithm 2]."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial

import numpy as np

from ddpm_studio.engine import PictureNoise
from ddpm_studio.jobs.drawing.drawing import batch_limit, draw, picture_shape, recipe
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.students import with_its_sampler
from ddpm_studio.jobs.events import Drawn, Event, Pictures, Progress
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
    request = with_its_sampler(model, request)
    pictures = yield from draw_classes(
        model, request, [(request.class_label, range(request.count))]
    )
    return Drawn(pictures, recipe("sample", model, request))


def draw_classes(
    model: Model, request: SampleRequest, parts: Sequence[tuple[int | None, range]]
) -> Generator[Event, None, Pictures]:
    """Draw pictures of several classes.

    Args:
        model: what to draw with.
        request: the sampler and its settings; its own class and count are of no effect.
        parts: a class, None for none, and the numbers of its pictures.

    Yields:
        As :func:`sample`.

    Returns:
        The pictures in the order of the parts, uint8 (N, H, W, C).
    """
    T = model.process.schedule.T
    limit = batch_limit(picture_shape(model), model.device)
    batches = [
        (label, numbers[start : start + size])
        for label, numbers in parts
        # A trajectory to look at walks all pictures in step; else they go in batches.
        for size in [len(numbers) if request.frames else limit]
        for start in range(0, len(numbers), size)
    ]
    pictures = []
    for k, (label, numbers) in enumerate(batches):
        noise = PictureNoise(request.seed, numbers, model.device)
        x_T = noise.draw(picture_shape(model))
        job = draw(
            model,
            request.model_copy(update={"class_label": label}),
            x_T,
            T,
            noise,
            frames=request.frames,
            text="Sampling",
            walks=len(batches) - k,
        )
        pictures.append((yield from relay(job, partial(_part, k, len(batches)))))
    return np.concatenate(pictures)


def _part(batch: int, batches: int, own: Progress) -> Progress:
    """The progress of one batch as its part of the whole."""
    return Progress(batch * own.total + own.done, batches * own.total, own.text)
