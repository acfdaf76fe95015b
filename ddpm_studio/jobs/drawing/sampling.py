"""Sampling: pictures from noise [DDPM Algorithm 2], returned or written to a file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ddpm_studio import export
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import picture_shape, recipe
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.picture_files import visible_bands
from ddpm_studio.jobs.drawing.rank_drawing import batches_of, classes_of, draw_batch, drawing_ranks
from ddpm_studio.jobs.drawing.sampling_defaults import with_run_defaults
from ddpm_studio.jobs.events import (
    BatchDrawn,
    DrawingResult,
    DrawingStarted,
    Event,
    Pictures,
    Progress,
)
from ddpm_studio.jobs.job_combinators import map_progress
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.requests import GridOptions, SampleRequest
from ddpm_studio.runs.classes import classes_in_turn, known_classes

_BatchWriter = Callable[[Pictures, Sequence[int] | None], None]


def sample(
    request: SampleRequest, models: ModelStore, devices: str | None = None, batch_frames: int = 0
) -> Generator[Event, None, DrawingResult]:
    """Sample ``request.count`` pictures; picture k of a seed does not depend on the count.

    With ``request.all_classes`` picture k is of class k modulo the number of classes.

    Args:
        request: the settings.
        models: store of models.
        devices: devices of ranks that share the batches, as in ``TrainRequest.devices``, or
            ``LAUNCHED_BY_TORCHRUN``; with frames only the first is used.
        batch_frames: frames to yield of each batch, if ``request.frames`` has none.

    Yields:
        Progress; DrawingStarted if frames are requested; FrameImages of all pictures if
        ``request.frames`` requests them, with ``batch_frames`` those of each batch, and BatchDrawn
        if there are several.

    Raises:
        StudioError: if the run can't be read or a setting is out of range.
    """
    ranks = RankPlan.of(devices, request.device)
    device = ranks.device_for(request.device)
    model = models.for_drawing(request.run, request.model_copy(update={"device": device}))
    request = with_run_defaults(model, request)
    classes, drawing_recipe = _classes(model, request), _recipe(model, request)
    if request.frames or batch_frames:
        yield DrawingStarted(drawing_recipe)
    pictures = yield from draw_classes(model, request, classes, ranks, batch_frames)
    return DrawingResult(pictures, drawing_recipe)


def sample_to_file(
    request: SampleRequest,
    path: Path,
    models: ModelStore,
    options: GridOptions | None = None,
    devices: str | None = None,
) -> Generator[Event, None, dict[str, object]]:
    """Sample as :func:`sample` does and write each batch to a file, with memory independent of N.

    Args:
        request: the settings, without ``frames``.
        path: ends with ``.npz``, ``.zip``, or is a folder, new or empty; see
            :func:`ddpm_studio.export.open_npz` and
            :func:`ddpm_studio.export.open_png_sequence`.
        models: store of models.
        options: zoom and bands of PNG files.
        devices: devices of ranks that share the batches.

    Yields:
        Progress.

    Returns:
        The recipe of the pictures.

    Raises:
        StudioError: if the run can't be read, a setting is out of range, or the file can't be
            written; no partial file is left then.
    """
    if request.frames:
        raise StudioError("Moments of the way can't be written so.", "Leave frames out.")
    ranks = RankPlan.of(devices, request.device)
    device = ranks.device_for(request.device)
    model = models.for_drawing(request.run, request.model_copy(update={"device": device}))
    request = with_run_defaults(model, request)
    classes, drawing_recipe = _classes(model, request), _recipe(model, request)
    channels = picture_shape(model)[0]
    with _open_file(
        path, request.count, channels, drawing_recipe, options or GridOptions()
    ) as write_batch:
        yield from _draw_batches(model, request, classes, write_batch, ranks)
    return drawing_recipe


def draw_classes(
    model: Model,
    request: SampleRequest,
    classes: Sequence[int] | None,
    ranks: RankPlan,
    batch_frames: int = 0,
) -> Generator[Event, None, Pictures]:
    """Sample pictures, each of its own class.

    Args:
        model: the model to draw with.
        request: the sampler and its settings, and the count; its own class has no effect.
        classes: class of each picture; None: without classes.
        ranks: ranks that share the batches.
        batch_frames: as in :func:`sample`.

    Yields:
        As :func:`sample`, except DrawingStarted.

    Returns:
        The pictures, uint8 (N, H, W, C).
    """
    pictures: list[Pictures] = []
    yield from _draw_batches(
        model, request, classes, lambda batch, _: pictures.append(batch), ranks, batch_frames
    )
    return np.concatenate(pictures)


def _draw_batches(
    model: Model,
    request: SampleRequest,
    classes: Sequence[int] | None,
    write_batch: _BatchWriter,
    ranks: RankPlan,
    batch_frames: int = 0,
) -> Generator[Event, None, None]:
    """Draw in batches, in order, calling ``write_batch`` with the pictures and classes of each."""
    batches = batches_of(model, request)
    with drawing_ranks(ranks, model, request, classes) as other_ranks:
        for k, numbers in enumerate(batches):
            if other_ranks is not None and other_ranks.has_batch(k):
                job = other_ranks.drawn_batch(k)
            else:
                job = draw_batch(model, request, classes, numbers, len(batches) - k, batch_frames)
            pictures = yield from map_progress(job, partial(_batch_progress, k, len(batches)))
            write_batch(pictures, classes_of(numbers, classes))
            if batch_frames and len(batches) > 1:
                yield BatchDrawn(pictures)


@contextlib.contextmanager
def _open_file(
    path: Path, count: int, channels: int, drawing_recipe: dict[str, object], options: GridOptions
) -> Iterator[_BatchWriter]:
    """Yield a function that writes pictures with their classes to a file (context manager)."""
    if path.suffix.lower() == export.NPZ:
        with export.open_npz(path, count) as write_batch:
            yield write_batch
        return
    bands = visible_bands(channels, options)
    sequence = export.open_png_sequence(path, drawing_recipe, scale=options.scale or 1, bands=bands)
    with sequence as write_pictures:
        yield lambda pictures, _: write_pictures(pictures)


def _classes(model: Model, request: SampleRequest) -> Sequence[int] | None:
    """Return the class of each picture; None if they are drawn without classes.

    Raises:
        StudioError: if all classes are requested of a model without any, or together with one
            of them.
    """
    if not request.all_classes:
        return None if request.class_label is None else [request.class_label] * request.count
    if not known_classes(model.info):
        raise StudioError("This model was trained without classes.", "Leave all classes out.")
    if request.class_label is not None:
        raise StudioError("One class or all: not both.", "Leave the class out, or all classes.")
    return classes_in_turn(model.info, request.count)


def _recipe(model: Model, request: SampleRequest) -> dict[str, object]:
    drawing_recipe = recipe(model, request)
    return (
        drawing_recipe | {"classes": len(known_classes(model.info))}
        if request.all_classes
        else drawing_recipe
    )


def _batch_progress(batch: int, batches: int, progress: Progress) -> Progress:
    """Scale the progress of one batch to the whole."""
    return Progress(batch * progress.total + progress.done, batches * progress.total, progress.text)
