"""Metrics of pictures against real ones: features first, then each metric with its floor."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio import paths
from ddpm_studio.catalogue import FEATURES, METRICS, FeatureInfo, MetricInfo
from ddpm_studio.catalogue.origins import origins
from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine.generators import map_events
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import (
    EvaluationResult,
    Event,
    MeasuredFigure,
    Notice,
    Pictures,
    Progress,
)
from ddpm_studio.metrics.features.space import Basis, FeatureSpace, compute_features
from ddpm_studio.metrics.features.weights import WeightsFile, read_weights
from ddpm_studio.metrics.held_out import MAX_HELD_OUT, content_hashes, held_out
from ddpm_studio.metrics.metric_input import MetricInput
from ddpm_studio.metrics.real_split import RealSplit, Rows, split_real_rows
from ddpm_studio.metrics.spaces import feature_space
from ddpm_studio.metrics.subset import Subset
from ddpm_studio.requests import CompareRequest

_PROGRESS_TOTAL = 1000


@dataclass(frozen=True, eq=False)
class RealPictures:
    """A data set of real pictures.

    Args:
        dataset: the data set.
        held_out: share of them that the model's training has held out.
        flip: whether the model's training has mirrored them at random.
        rows: indices of those to compare samples with, ascending; None: all. Learned features are
            always those of the whole data set.
    """

    dataset: Dataset
    held_out: float = 0.0
    flip: bool = False
    rows: Rows | None = None


def compare(
    request: CompareRequest, pictures: Pictures, real: RealPictures
) -> Generator[Event, None, EvaluationResult]:
    """Compare pictures with real ones; uses neither the device nor torch's global random state.

    Args:
        request: the feature space and the metrics.
        pictures: uint8 (M, H, W, C).
        real: real pictures of the same shape.

    Yields:
        Progress and Notices.

    Raises:
        StudioError: if there are too few pictures, or the features or the metric are unavailable.
    """
    dataset = real.dataset
    entry = _feature_entry(request, dataset)
    metrics = [METRICS[request.metric]] if request.metric else list(METRICS.values())
    candidates = np.arange(len(dataset)) if real.rows is None else real.rows
    if min(len(pictures), len(candidates)) < 2:
        raise StudioError("There are too few pictures to compare.", "Take at least two of each.")
    try:
        basis = Basis(
            dataset.images,
            dataset.labels,
            dataset.class_names,
            request.seed,
            _weights(request.features_file),
            paths.cache_dir(),
            dataset.shape.are_bands,
        )
        space = yield from feature_space(entry.name, basis, request.components)
    except ValueError as error:
        raise StudioError(f"These features can't be had: {error}.", "Choose others.") from error
    hashes = yield from content_hashes(dataset.images)
    is_held_out = held_out(hashes, real.held_out, MAX_HELD_OUT)
    rows = split_real_rows(hashes, len(pictures), request.reference, is_held_out, candidates)
    if len(rows.floor) < len(pictures):
        yield Notice(
            f"The floor is that of {format_count(len(rows.floor), 'real picture')}, not of "
            f"{len(pictures):,}: "
            f"there are {len(candidates):,} in all."
        )
    samples, floor = yield from _compute_features(space, pictures, real, rows, request.seed)
    figures: list[MeasuredFigure] = []
    for metric in metrics:
        if metric.classifier and samples.probabilities is None:
            if request.metric:
                raise StudioError(
                    f"{metric.title} needs the features of a classifier of the set.",
                    "Choose these features, not projected.",
                )
            continue
        try:
            found = yield from _metric_results(metric, samples, floor)
            if request.metric and not found:
                raise ValueError("what it finds is no number")
            figures += found
        except ValueError as error:
            if request.metric:
                raise StudioError(f"{metric.title} can't be told: {error}.") from error
            yield Notice(f"{metric.title} can't be told: {error}.")
    recipe: dict[str, object] = {
        "compared": request.model_dump(mode="json", include=set(CompareRequest.model_fields)),
        "data": dataset.fingerprint,
    }
    if used := origins(request, also=[(METRICS.kind, metric.name) for metric in metrics]):
        recipe["plugins"] = used
    return EvaluationResult(
        step=None,
        samples=len(pictures),
        reference=len(rows.reference),
        floor=len(rows.floor),
        features=space.title,
        figures=tuple(figures),
        features_told=dict(space.details),
        recipe=recipe,
    )


def _feature_entry(request: CompareRequest, dataset: Dataset) -> FeatureInfo:
    if request.features is not None:
        return FEATURES[request.features]
    labelled = dataset.labels is not None and len(dataset.class_names) > 1
    return next(
        info for info in FEATURES.values() if info.labelled == labelled and info.weights != "needed"
    )


def _weights(file: Path | None) -> WeightsFile | None:
    if file is None:
        return None
    try:
        return read_weights(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StudioError(
            f"The weights of the features can't be read: {reason}: {file}.",
            "Name a file of safetensors, or one that torch.save wrote of a state_dict.",
        ) from error


def _compute_features(
    space: FeatureSpace, pictures: Pictures, real_pictures: RealPictures, rows: RealSplit, seed: int
) -> Generator[Event, None, tuple[MetricInput, MetricInput | None]]:
    """Return the samples and, if possible, the floor, each with the same reference."""
    dataset, images = real_pictures.dataset, real_pictures.dataset.images
    sample_features = yield from compute_features(
        space, pictures, "Computing features of the samples"
    )
    reference = yield from compute_features(
        space, Subset(images, rows.reference), "Computing features of the pictures"
    )
    # Only the feature space of a classifier has this method.
    probabilities = getattr(space, "probabilities", None)

    def pair(
        features: npt.NDArray[np.float64], compared: Pictures, indices: npt.NDArray[np.int64]
    ) -> MetricInput:
        real_subset = Subset(images, indices)
        names = dataset.class_names
        return MetricInput(
            reference,
            features,
            real_subset,
            compared,
            seed,
            names,
            probabilities,
            real_pictures.flip,
        )

    samples = pair(sample_features, pictures, rows.training)
    if len(rows.floor) < 2:
        return samples, None
    floor_subset = Subset(images, rows.floor)
    floor_features = yield from compute_features(
        space, floor_subset, "Computing features of the floor"
    )
    return samples, pair(floor_features, images[rows.floor], rows.training_rest)


def _metric_results(
    metric: MetricInfo, samples: MetricInput, floor: MetricInput | None
) -> Generator[Event, None, list[MeasuredFigure]]:
    values = yield from _compute_metric(metric, samples, "")
    floors: Mapping[str, float] = {}
    if floor is not None:
        try:
            floors = yield from _compute_metric(metric, floor, ", floor")
        except ValueError as error:
            # In a small data set it has fewer pictures than the metric itself.
            yield Notice(f"The floor of {metric.title} can't be told: {error}.")
    infos = {figure.name: figure for figure in metric.figures}
    results = []
    for name in [*infos, *(name for name in values if name not in infos)]:
        # A value that is not finite is left out.
        value, floor_value = values.get(name, math.nan), floors.get(name, math.nan)
        if math.isfinite(value):
            title = infos[name].title if name in infos else name
            better = infos[name].better if name in infos else ""
            finite_floor = floor_value if math.isfinite(floor_value) else None
            results.append(MeasuredFigure(metric.name, name, title, value, finite_floor, better))
    return results


def _compute_metric(
    metric: MetricInfo, metric_input: MetricInput, suffix: str
) -> Generator[Event, None, Mapping[str, float]]:
    job = metric.load()(metric_input)
    text = f"{metric.title}{suffix}"
    yield Progress(0, _PROGRESS_TOTAL, text, "")

    def progress(share: float) -> Event:
        return Progress(
            round(_PROGRESS_TOTAL * min(1.0, max(0.0, share))), _PROGRESS_TOTAL, text, ""
        )

    values: Mapping[str, float] = yield from map_events(job, progress)
    return values
