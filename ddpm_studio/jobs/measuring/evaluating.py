"""Evaluation of a run: samples are drawn, compared with real pictures, and recorded."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.data.fitting import resolve_options
from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import recipe
from ddpm_studio.jobs.drawing.models import Model, ModelStore
from ddpm_studio.jobs.drawing.sampling import draw_classes
from ddpm_studio.jobs.drawing.sampling_defaults import with_run_defaults
from ddpm_studio.jobs.events import EvaluationResult, Event, Notice, Pictures
from ddpm_studio.jobs.library.training_pictures import (
    prepare_evaluation_pictures,
    prepare_given_pictures,
)
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.measuring.comparing import RealPictures, compare
from ddpm_studio.jobs.measuring.measuring import (
    classes_by_label,
    held_out_share,
    is_training_set,
    notify_rejects,
)
from ddpm_studio.metrics.real_split import Rows
from ddpm_studio.requests import CompareRequest, EvaluateRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import evaluations
from ddpm_studio.runs.classes import check_class, known_classes
from ddpm_studio.runs.evaluations import RecordedEvaluation


@dataclass(frozen=True, eq=False)
class Samples:
    """Pictures drawn by a model, and the real ones to compare them with.

    Args:
        pictures: uint8 (N, H, W, C).
        real: the real pictures, of the same shape.
        step: step of the model.
        recipe: recipe of the pictures.
    """

    pictures: Pictures
    real: RealPictures
    step: int
    recipe: dict[str, object]


def evaluate(
    request: EvaluateRequest,
    sources: Sequence[Path],
    models: ModelStore,
    devices: str | None = None,
    *,
    are_prepared: bool = False,
) -> Generator[Event, None, EvaluationResult]:
    """Draw samples of a run, compare them with real pictures and record the metrics in the run.

    Args:
        request: the run, the sampler, the feature space and the metrics.
        sources: the real pictures; empty: those that the model was trained on.
        models: store of models.
        devices: devices of ranks that share the drawing, as in ``TrainRequest.devices``, or
            ``LAUNCHED_BY_TORCHRUN``.
        are_prepared: as of :func:`prepare_given_pictures`.

    Yields:
        Progress and Notices.

    Raises:
        StudioError: if run or pictures can't be read or don't match, or a setting is out of
            range.
    """
    samples = yield from draw_samples(request, sources, models, devices, are_prepared=are_prepared)
    result = yield from evaluate_samples(request, samples)
    try:
        record_evaluation(request.run, result)
    except StudioError as error:
        yield Notice(str(error))
    return result


def draw_samples(
    request: EvaluateRequest,
    sources: Sequence[Path],
    models: ModelStore,
    devices: str | None = None,
    *,
    are_prepared: bool = False,
) -> Generator[Event, None, Samples]:
    """Draw the samples of :func:`evaluate`, on one or several devices."""
    ranks = RankPlan.of(devices, request.device)
    device = ranks.device_for(request.device)
    model = models.for_drawing(request.run, request.model_copy(update={"device": device}))
    if sources:
        dataset = yield from prepare_given_pictures(model.info, sources, are_prepared=are_prepared)
    else:
        dataset = yield from prepare_evaluation_pictures(
            model.info, "Name the pictures to compare with."
        )
    yield from notify_rejects(dataset)
    request = with_run_defaults(model, request)
    shared_fields = SampleRequest.model_fields.keys() & EvaluateRequest.model_fields.keys()
    sample_request = SampleRequest(**{name: getattr(request, name) for name in shared_fields})
    classes = _classes(model, dataset, request)
    rows = yield from _rows_of_class(model, dataset, request.class_label)
    pictures = yield from draw_classes(model, sample_request, classes, ranks)
    sample_recipe = {**recipe(model, sample_request, kind="evaluate"), "by_class": request.by_class}
    return Samples(pictures, _real(model, dataset, rows), model.step, sample_recipe)


def evaluate_samples(
    request: EvaluateRequest, samples: Samples
) -> Generator[Event, None, EvaluationResult]:
    """Compute the metrics of :func:`evaluate` on the CPU, for :func:`record_evaluation`."""
    comparison = yield from compare(request, samples.pictures, samples.real)
    return replace(comparison, step=samples.step, recipe={**samples.recipe, **comparison.recipe})


def record_evaluation(run: Path, result: EvaluationResult) -> None:
    """Record the metrics of a run's samples in the run.

    Raises:
        StudioError: if its folder can't be written to.
    """
    try:
        evaluations.append(run, _to_record(result))
    except OSError as error:
        raise StudioError(
            f"The figures can't be kept in {run.name}: {error.strerror or error}.",
            f"Check that {run} is there and may be written to.",
        ) from error


def evaluate_files(
    request: CompareRequest,
    samples: Sequence[Path],
    sources: Sequence[Path],
    options: PrepareOptions,
) -> Generator[Event, None, EvaluationResult]:
    """Compare pictures from files with real ones.

    Args:
        request: features and metrics, and the maximum number of samples, evenly spaced among
            those there are.
        samples: folders, archives or arrays.
        sources: the real pictures.
        options: how the real pictures are read and prepared; samples get their size, channels,
            fit and background.

    Yields:
        Progress and Notices.

    Raises:
        StudioError: if pictures can't be read or don't match, or a setting is out of range.
    """
    real = yield from data.prepare(sources, options)
    sample_options = resolve_options(
        real.options.without_reading(), real.shape, bands=real.shape.are_bands
    )
    sample_set = yield from data.prepare(samples, sample_options)
    for dataset in (real, sample_set):
        yield from notify_rejects(dataset)
    count = min(request.count, len(sample_set))
    if count < request.count:
        yield Notice(f"There are {format_count(count, 'sample')}; all of them are compared.")
    rows = sample_set.evenly_spaced(count)
    result = yield from compare(request, sample_set.images[rows], RealPictures(real))
    fields = {"kind": "evaluate", "samples": sample_set.fingerprint}
    return replace(result, recipe={**fields, **result.recipe})


def _classes(model: Model, dataset: Dataset, request: EvaluateRequest) -> list[int] | None:
    """Return the class of each sample, with the frequencies of the real pictures."""
    count, classes = request.count, model.network.config.num_classes
    if request.class_label is not None:
        return [request.class_label] * count
    if classes is None or not request.by_class:
        return None
    if dataset.labels is None:
        labels = np.arange(count) * classes // count
    else:
        class_map = classes_by_label(model, dataset)
        assert class_map is not None
        real_classes = np.sort([class_map[label] for label in dataset.labels.tolist()])
        labels = real_classes[np.arange(count) * len(real_classes) // count]
    return [int(label) for label in labels]


def _rows_of_class(
    model: Model, dataset: Dataset, class_number: int | None
) -> Generator[Event, None, Rows | None]:
    """Return the rows of the real pictures of a class, and report them; None for all.

    Raises:
        StudioError: if the model has no such class.
    """
    if class_number is None:
        return None
    check_class(model.info, class_number)
    name = known_classes(model.info)[class_number]
    class_map: Mapping[int, int] | None = None
    if dataset.labels is not None:
        # Other real pictures may have other classes.
        with suppress(StudioError):
            class_map = classes_by_label(model, dataset)
    if class_map is not None and dataset.labels is not None:
        labels = [label for label, mapped in class_map.items() if mapped == class_number]
        rows = np.flatnonzero(np.isin(dataset.labels, labels))
        if len(rows):
            count_text = format_count(len(rows), "real picture")
            yield Notice(f"Samples of the class {name!r} are compared with its {count_text}.")
            return rows
    yield Notice(
        f"No real picture is known to be of the class {name!r}: its samples are compared with "
        f"all {len(dataset):,}."
    )
    return None


def _real(model: Model, dataset: Dataset, rows: Rows | None) -> RealPictures:
    """Return the real pictures, with the training's use of them if they are its own."""
    share, request = held_out_share(model.info, dataset), model.info.request
    flip = request is not None and is_training_set(model.info, dataset) and bool(request.flip)
    return RealPictures(dataset, share, flip, rows)


def _to_record(result: EvaluationResult) -> RecordedEvaluation:
    """Return the record for the run's file, without what the run folder contains anyway."""
    assert result.step is not None
    return RecordedEvaluation(
        step=result.step,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        samples=result.samples,
        reference=result.reference,
        floor=result.floor,
        features=result.features,
        told={"features": result.features_told, "recipe": result.recipe},
        figures={figure.name: figure.value for figure in result.figures},
        floors={figure.name: figure.floor for figure in result.figures if figure.floor is not None},
    )
