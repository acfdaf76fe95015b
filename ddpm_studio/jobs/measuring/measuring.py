"""Helpers of measurements of the bound, for a data set or for one picture."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine import DiffusionProcess
from ddpm_studio.engine.likelihood.likelihood import Bound, BoundSums, measure_bound
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import picture_shape
from ddpm_studio.jobs.drawing.evaluator import batch_limit
from ddpm_studio.jobs.drawing.labelled_network import LabelledNetwork
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.students import refuse_student
from ddpm_studio.jobs.events import Event, Notice, Progress
from ddpm_studio.requests import MeasureRequest, PictureMeasureRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import check_class_or_none


def labelled_network(model: Model, request: PictureMeasureRequest) -> LabelledNetwork:
    """Return the network conditioned on the request's class, or without a class if it has none.

    Raises:
        StudioError: if the model does not have that class, or was never trained without one.
    """
    label = request.class_label
    check_class_or_none(model.info, label)
    if label is None:
        return LabelledNetwork(model.network)
    return LabelledNetwork(model.network, torch.tensor([label], device=model.device))


def measured_process(model: Model, request: MeasureRequest) -> DiffusionProcess:
    """Return p_θ with the clipping and variance of a request.

    Raises:
        StudioError: if there are more timesteps than T, a learned variance is to be replaced, or
            the run is a few-step student.
    """
    refuse_student(model.info, model.run.name, "A measure in bits")
    process, T = model.process, model.process.schedule.T
    if request.timesteps is not None and request.timesteps > T:
        raise StudioError(
            f"{request.timesteps} timesteps are more than the {T} of this model.",
            f"Choose 3 to {T}, or leave it open for all." if T > 2 else "Leave it open for all.",
        )
    if request.variance is not None and process.learned:
        raise StudioError(
            "This model has learned its variance, which can't be replaced.",
            "Leave the variance as trained.",
        )
    return replace(process, clip_x0=request.clip_x0, variance=request.variance or process.variance)


def measure_picture(
    model: Model,
    process: DiffusionProcess,
    x0: Tensor,
    request: PictureMeasureRequest,
    text: str,
    max_batch: int | None = None,
) -> Generator[Event, None, Bound]:
    """Measure the bound of one picture.

    Args:
        model: the model to measure.
        process: see :func:`measured_process`.
        x0: x_0 as returned by :func:`ddpm_studio.jobs.drawing.pictures.to_latent`.
        request: number of timesteps, the picture's class, and seed.
        text: text of the progress.
        max_batch: maximum batch size, in timesteps; None for the device's.

    Yields:
        Progress.

    Raises:
        StudioError: if the network's output is not finite, or as of :func:`labelled_network`.
    """
    network = labelled_network(model, request)
    sums = BoundSums(process.schedule.T, request.timesteps, [0])
    batch = batch_limit(picture_shape(model), model.device)
    job = measure_bound(
        process,
        lambda _: network,
        lambda _: x0,
        sums,
        seed=request.seed,
        batch=batch if max_batch is None else min(max_batch, batch),
    )
    try:
        for _ in job:
            yield Progress(sums.done, sums.items, text, "evaluations")
    except ValueError as error:
        raise measurement_error(error) from error
    return sums.bound()


def held_out_share(info: RunInfo, dataset: Dataset) -> float:
    """Return the share of a data set that a run's training has held out; 0 for other data sets.

    Of a set that the run was begun with and no longer goes on with, any picture may have been
    trained on since.
    """
    newest = info.newest_data
    is_newest = newest is not None and newest.fingerprint == dataset.fingerprint
    return info.request.held_out if info.request is not None and is_newest else 0.0


def is_training_set(info: RunInfo, dataset: Dataset) -> bool:
    """Whether a run was trained on a data set: its newest, or the one that it was begun with."""
    recorded = (data for data in (info.data, info.resumed_data) if data is not None)
    return any(data.fingerprint == dataset.fingerprint for data in recorded)


def notify_rejects(dataset: Dataset) -> Iterator[Event]:
    """Yield a notice of the number of unusable pictures in a data set, if any."""
    count = len(dataset.report.rejects)
    if count:
        yield Notice(f"{format_count(count, 'picture')} left out that can't be used.")


def measurement_error(error: ValueError) -> StudioError:
    """Return the error to report if the model's outputs are not finite."""
    return StudioError(
        f"The model can't be measured: {error}.",
        "Try the raw weights, or an earlier checkpoint.",
    )


def classes_by_label(model: Model, dataset: Dataset) -> Mapping[int, int] | None:
    """Map a data set's labels to the network's classes; None for a network without classes.

    Raises:
        StudioError: if the network has classes and the data set has no labels or other classes.
    """
    count = model.network.config.num_classes
    if count is None:
        return None
    if dataset.labels is None:
        raise StudioError(
            "This model was trained with classes, and these pictures have no labels.",
            "Put each class into a folder of its own, named as in training.",
        )
    known = model.info.data.class_names if model.info.data else ()
    if not known and len(dataset.class_names) == count:
        return {label: label for label in range(count)}
    missing = [name for name in dataset.class_names if name not in known]
    if missing:
        raise StudioError(
            f"The model knows no class {missing[0]!r}.",
            f"Name the classes as in training: {', '.join(known[:10]) or f'{count} of them'}.",
        )
    return {label: known.index(name) for label, name in enumerate(dataset.class_names)}


def class_tensor(
    dataset: Dataset,
    classes: Mapping[int, int] | None,
    numbers: Sequence[int],
    device: torch.device,
) -> Tensor | None:
    """Return the classes of pictures by their indices, shape (n,); None without classes."""
    if classes is None or dataset.labels is None:
        return None
    return torch.tensor([classes[int(dataset.labels[n])] for n in numbers], device=device)
