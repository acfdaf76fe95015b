"""What measuring a set, decoding one picture and taking its bound apart have in common."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ddpm_studio.data import Dataset
from ddpm_studio.durations import counted
from ddpm_studio.engine import DiffusionProcess
from ddpm_studio.engine.likelihood.likelihood import Bound, BoundSums, measure_bound
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import picture_shape
from ddpm_studio.jobs.drawing.evaluator import batch_limit
from ddpm_studio.jobs.drawing.labelled_network import LabelledNetwork
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.students import refuse_student
from ddpm_studio.jobs.events import Event, Notice, Progress
from ddpm_studio.requests import MeasureRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import check_withheld


def without_class(model: Model) -> LabelledNetwork:
    """Return the network as it is asked without a class.

    Raises:
        StudioError: if it has never learnt without one.
    """
    check_withheld(model.info, "Measure bits of pictures that have classes")
    return LabelledNetwork(model.network)


def measured_process(model: Model, request: MeasureRequest) -> DiffusionProcess:
    """Return p_θ as the request asks for it.

    Raises:
        StudioError: if the timesteps are more than T, a learned variance is to be replaced, or
            it is a few-step student.
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
    request: MeasureRequest,
    words: str,
    most: int | None = None,
) -> Generator[Event, None, Bound]:
    """Measure the bound of one picture, without its class.

    Args:
        model: whose network is asked.
        process: see :func:`measured_process`.
        x0: the picture as :func:`ddpm_studio.jobs.drawing.pictures.to_latent` gives it.
        request: at how many timesteps, and the seed.
        words: what the progress says.
        most: timesteps in one batch at most; None: as many as suit the device.

    Yields:
        Progress.

    Raises:
        StudioError: if the network's answer is no number, or it has never learnt without a class.
    """
    network = without_class(model)
    sums = BoundSums(process.schedule.T, request.timesteps, [0])
    batch = batch_limit(picture_shape(model), model.device)
    job = measure_bound(
        process,
        lambda _: network,
        lambda _: x0,
        sums,
        seed=request.seed,
        batch=batch if most is None else min(most, batch),
    )
    try:
        for _ in job:
            yield Progress(sums.done, sums.items, words, "evaluations")
    except ValueError as error:
        raise cannot_be_measured(error) from error
    return sums.bound()


def held_out_share(info: RunInfo, dataset: Dataset) -> float:
    """Return the share of pictures that a run's training has held out, if they are its own."""
    return info.request.held_out if info.request is not None and is_its_own(info, dataset) else 0.0


def is_its_own(info: RunInfo, dataset: Dataset) -> bool:
    """Whether a set is what a run was trained on."""
    return info.data is not None and info.data.fingerprint == dataset.fingerprint


def left_out(dataset: Dataset) -> Iterator[Event]:
    """Tell how many pictures of a set can't be used, if any."""
    count = len(dataset.report.rejects)
    if count:
        yield Notice(f"{counted(count, 'picture')} left out that can't be used.")


def cannot_be_measured(error: ValueError) -> StudioError:
    """Return what a person is told where the model's answers are no figures."""
    return StudioError(
        f"The model can't be measured: {error}.",
        "Try the raw weights, or an earlier checkpoint.",
    )


def own_classes(model: Model, dataset: Dataset) -> Mapping[int, int] | None:
    """Map the set's labels to the classes that the network knows; None for one without.

    Raises:
        StudioError: if the network was trained with classes and the set has none or others.
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
    dataset: Dataset, classes: Mapping[int, int] | None, numbers: Sequence[int], like: torch.device
) -> Tensor | None:
    """The classes of the named pictures, shape (n,), or None without classes."""
    if classes is None or dataset.labels is None:
        return None
    return torch.tensor([classes[int(dataset.labels[n])] for n in numbers], device=like)
