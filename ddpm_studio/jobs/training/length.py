"""Length of a training in steps, converted from epochs or minutes."""

from __future__ import annotations

import math
from collections.abc import Generator
from statistics import median

import numpy as np
import numpy.typing as npt
import torch

from ddpm_studio.data import Dataset
from ddpm_studio.durations import format_count
from ddpm_studio.engine.device.cuda_graph import WARMUP_CALLS
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, InfoNotice, Progress
from ddpm_studio.jobs.job_clock import job_time
from ddpm_studio.jobs.training.batching import limit_micro_batch
from ddpm_studio.jobs.training.building import build_trainer
from ddpm_studio.jobs.training.preview_times import SHARE_OF_TIME
from ddpm_studio.jobs.training.restoring import SavedProgress
from ddpm_studio.jobs.training.stepper import Stepper
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo

_MAX_STEPS = 100_000_000
# Limits on the time for measuring the speed: a share of the training's, and seconds. The measured
# steps are discarded, and in the first minute people wait for results.
_MEASURING_SHARE, _MAX_MEASURING_SECONDS = 0.1, 1.0


def resolve_length(
    request: TrainRequest,
    info: RunInfo,
    dataset: Dataset,
    device: torch.device,
    progress: SavedProgress,
    rows: npt.NDArray[np.int64] | None = None,
    ranks: int = 1,
) -> Generator[Event, None, TrainRequest]:
    """Convert the length of a request into steps, and report their number.

    For minutes the speed is measured on a separate trainer: a run depends only on the number of
    steps, however it was given.

    Args:
        request: the settings.
        info: the run, with its network and process.
        dataset: the data set.
        device: device to train on.
        progress: progress of the run so far; minutes are added to it, epochs count from the start.
        rows: indices of the pictures to train on; None for all.
        ranks: number of ranks that share a batch; their communication is not measured.

    Returns:
        The request with ``steps``, without epochs and minutes.

    Raises:
        StudioError: if the run has taken the requested epochs already.
    """
    if request.epochs is not None:
        count = len(dataset) if rows is None else len(rows)
        pictures = math.ceil(request.epochs * count) - progress.pictures
        if progress.steps and pictures <= 0:
            raise StudioError(
                f"The run has seen {format_count(progress.pictures, 'picture')} already, "
                f"{_format_amount(progress.pictures / count, 'epoch')}.",
                "Ask for more epochs to train it further.",
            )
        further_steps = math.ceil(pictures / request.pictures_per_step)
        message = (
            f"{_format_amount(request.epochs, 'epoch', 'g')} of {format_count(count, 'picture')}"
        )
    elif request.minutes is not None:
        start_time = job_time()
        pictures = math.ceil(request.pictures_per_step / ranks)
        size = min(request.batch_size, pictures)
        changes = {"batch_size": size, "accumulation": math.ceil(pictures / size)}
        rank_request = request if ranks == 1 else request.model_copy(update=changes)
        seconds = yield from _seconds_per_step(
            rank_request, info, dataset, device, progress.micro_batch
        )
        seconds_left = 60 * request.minutes - (job_time() - start_time)
        if request.sample_count and request.sample_every is None:
            seconds_left *= 1 - SHARE_OF_TIME
        further_steps = round(seconds_left / seconds)
        speed = _format_amount(1 / seconds, "step")
        message = f"{_format_amount(request.minutes, 'minute', 'g')} at {speed} a second"
    else:
        return request
    steps = min(progress.steps + max(1, further_steps), _MAX_STEPS)
    yield InfoNotice(f"{message}: the training takes {format_count(steps, 'step')}.")
    return request.model_copy(update={"steps": steps, "epochs": None, "minutes": None})


def _format_amount(number: float, noun: str, number_format: str = ",.3g") -> str:
    """Format a real number with its noun, such as "1 epoch" or "1.5 epochs"."""
    text = format(number, number_format)
    return f"{text} {noun}" if text == "1" else f"{text} {noun}s"


def _seconds_per_step(
    request: TrainRequest,
    info: RunInfo,
    dataset: Dataset,
    device: torch.device,
    micro_batch: int | None,
) -> Generator[Event, None, float]:
    assert request.minutes is not None
    budget = min(_MAX_MEASURING_SECONDS, _MEASURING_SHARE * 60 * request.minutes)
    trainer = build_trainer(info, request, dataset, dataset.images, device)
    # Steps are taken as in the training: in micro-batches where memory does not, or did not,
    # suffice.
    limit_micro_batch(trainer, micro_batch)
    stepper = Stepper(trainer, request)
    times: list[float] = []
    try:
        finish(stepper.begin())
        # The first step chooses kernels; a GPU records a CUDA graph some steps later.
        for _ in range(1 + WARMUP_CALLS if device.type == "cuda" else 1):
            yield Progress(0, 1, "Measuring the speed", "")
            _time_step(stepper)
        while sum(times) < budget:
            done = round(1000 * sum(times))
            yield Progress(done, round(1000 * budget), "Measuring the speed", "")
            times.append(_time_step(stepper))
    finally:
        stepper.close()
    return median(times)


def _time_step(stepper: Stepper) -> float:
    start_time = job_time()
    # Reading the loss synchronises with the device.
    finish(stepper.step()).loss.item()
    return job_time() - start_time
