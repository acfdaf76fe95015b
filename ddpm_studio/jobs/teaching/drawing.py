"""Rows of pictures: the reverse process, the paper's figures, and different step counts."""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence

import numpy as np

from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.jobs.drawing.interpolation import interpolate
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.drawing.sampling_defaults import with_default_class, with_run_defaults
from ddpm_studio.jobs.drawing.sharing import share
from ddpm_studio.jobs.events import DrawingResult, Event
from ddpm_studio.jobs.frames import STORED_VIEWS
from ddpm_studio.jobs.job_combinators import collect_frames
from ddpm_studio.jobs.teaching.results import FigureRows
from ddpm_studio.requests import InterpolateRequest, SampleRequest, ShareRequest

_COLUMNS = 8


def reverse_rows(request: SampleRequest, models: ModelStore) -> Generator[Event, None, FigureRows]:
    """Draw one picture; return states of its reverse process: x_t, x̂_0 and ε̂ [DDPM Fig. 6].

    Yields the drawing's progress, and raises as :func:`ddpm_studio.jobs.sample`.
    """
    request = with_default_class(models.for_drawing(request.run, request), request)
    single_request = request.model_copy(update={"count": 1, "frames": _COLUMNS})
    _, frames = yield from collect_frames(sample(single_request, models))
    return FigureRows(
        {view: np.stack([frame.for_display(view, 0) for frame in frames]) for view in STORED_VIEWS},
        t=tuple(frame.t for frame in frames),
    )


def result_rows(
    request: SampleRequest, t: int, models: ModelStore
) -> Generator[Event, None, FigureRows]:
    """Draw rows like the paper's figures: x̂_0 over time, a shared latent, an interpolation.

    Args:
        request: run, sampler, steps and seed of all three; what shares a latent is drawn in two
            steps where one would draw the same picture each time.
        t: the t at which the latent is shared, and at which latents are mixed.
        models: store of models.

    Yields:
        Progress and Notices of the three.

    Raises:
        StudioError: if the run can't be read or a setting is out of range.
    """
    model = models.for_drawing(request.run, request)
    request = with_default_class(model, request)
    pair_request = request.model_copy(update={"count": 2, "frames": _COLUMNS})
    ends, frames = yield from collect_frames(sample(pair_request, models))
    # Settings left open stay so, so that each gets the run's defaults.
    settings = request.model_dump(exclude={"count", "all_classes", "frames"}, exclude_unset=True)
    sharing = ShareRequest(**settings, t=t, count=_COLUMNS)
    resolved = with_run_defaults(model, sharing)
    if SAMPLERS[resolved.sampler].few_step and resolved.steps == 1:
        sharing = sharing.model_copy(update={"steps": 2})
    shared = yield from share(sharing, None, models)
    mixing = InterpolateRequest(**settings, t=t, steps_lambda=_COLUMNS)
    mixed = yield from interpolate(mixing, list(ends.pictures), models)
    rows = {
        "progressive": np.stack([frame.for_display("x0_hat", 0) for frame in frames]),
        "shared": shared.pictures,
        "interpolated": mixed.pictures,
    }
    return FigureRows(rows)


def step_rows(
    request: SampleRequest, steps: Sequence[int], models: ModelStore
) -> Generator[Event, None, FigureRows]:
    """Draw the same x_T with each number of steps, and time each row in seconds.

    Yields:
        Progress, and the DrawingResult of each finished row.

    Raises:
        StudioError: as :func:`ddpm_studio.jobs.sample`.
    """
    request = with_default_class(models.for_drawing(request.run, request), request)
    rows, seconds = {}, {}
    for count in steps:
        row_request = request.model_copy(update={"steps": count, "count": _COLUMNS})
        job, elapsed = sample(row_request, models), 0.0
        while True:
            start_time = time.perf_counter()
            try:
                event = next(job)
            except StopIteration as stop:
                elapsed += time.perf_counter() - start_time
                result: DrawingResult = stop.value
                break
            elapsed += time.perf_counter() - start_time
            yield event
        rows[str(count)], seconds[str(count)] = result.pictures, elapsed
        yield result
    return FigureRows(rows, seconds=seconds)
