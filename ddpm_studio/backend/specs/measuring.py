"""Measuring jobs: bits/dim, progressive decoding, evaluations, nearest neighbours."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, Lane, PoolCall, PoolSteps
from ddpm_studio.backend.specs import run_files
from ddpm_studio.durations import format_count
from ddpm_studio.jobs.events import (
    BitsMeasured,
    DecodingResult,
    EvaluationResult,
    Event,
    NeighboursFound,
    Pictures,
)
from ddpm_studio.requests import BitsRequest, DecodeRequest, EvaluateRequest, NeighboursRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.jobs.measuring.evaluating import Samples


def measure_bits(request: BitsRequest, slot: str | None = None) -> JobSpec[BitsMeasured]:
    """Measure bits/dim of a run's training pictures."""

    def work(models: ModelStore) -> Generator[Event, None, BitsMeasured]:
        from ddpm_studio import jobs

        return jobs.measure_bits(request, [], models)

    # It may take as long as a training, and so takes turns with one.
    title = f"Measuring {format_count(request.count, 'picture')}"
    return JobSpec(title, DeviceSteps(work), Lane.BACKGROUND, slot=slot, wanted=True)


def draw_samples(request: EvaluateRequest) -> JobSpec[Samples]:
    """Draw the samples of an evaluation against training pictures, for :func:`evaluate_samples`."""

    def work(models: ModelStore) -> Generator[Event, None, Samples]:
        from ddpm_studio.jobs.measuring import evaluating

        return evaluating.draw_samples(request, [], models)

    # It may take as long as a training, and so takes turns with one.
    title = f"Drawing {format_count(request.count, 'sample')} to evaluate"
    return JobSpec(title, DeviceSteps(work), Lane.BACKGROUND, wanted=True)


def evaluate_samples(request: EvaluateRequest, samples: Samples) -> JobSpec[EvaluationResult]:
    """Compare samples with real pictures, for :func:`record_evaluation`."""

    def work() -> Generator[Event, None, EvaluationResult]:
        from ddpm_studio.jobs.measuring import evaluating

        return evaluating.evaluate_samples(request, samples)

    title = f"Evaluating {format_count(len(samples.pictures), 'sample')}"
    return JobSpec(title, PoolSteps(work), Lane.BACKGROUND, wanted=True)


def record_evaluation(run: Path, result: EvaluationResult) -> JobSpec[None]:
    """Record an evaluation in its run; not while a run is being renamed."""

    def work() -> None:
        from ddpm_studio.jobs.measuring import evaluating

        evaluating.record_evaluation(run, result)

    title = f"Keeping the figures of {run.name}"
    return JobSpec(title, PoolCall(work), listed=False, queue=run_files.QUEUE)


def decode(
    request: DecodeRequest, picture: Pictures, slot: str | None = None
) -> JobSpec[DecodingResult]:
    """Decode a picture progressively."""

    def work(models: ModelStore) -> Generator[Event, None, DecodingResult]:
        from ddpm_studio import jobs

        return jobs.decode(request, picture, models)

    return JobSpec("Decoding a picture", DeviceSteps(work), slot=slot)


def neighbours(
    request: NeighboursRequest, picture: Pictures, slot: str | None = None
) -> JobSpec[NeighboursFound]:
    """Find the training pictures nearest to a picture."""

    def work() -> Generator[Event, None, NeighboursFound]:
        from ddpm_studio import jobs

        return jobs.find_neighbours(request, picture)

    return JobSpec("Looking for neighbours", PoolSteps(work), slot=slot)
