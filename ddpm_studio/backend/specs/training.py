"""Jobs of training: a run from its pictures, and runs that were interrupted."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, Lane, PoolCall
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.requests import DistillRequest, PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore, TrainResult
    from ddpm_studio.jobs.training.bases import Base
    from ddpm_studio.picture_shape import PictureShape
    from ddpm_studio.runs.journal import JournalEntry

# What is written in it is read in the order in which it was asked for.
_JOURNAL = "journal"


def train(
    sources: Sequence[Path],
    run: Path,
    request: TrainRequest,
    options: PrepareOptions,
    resume: bool = False,
    spare: FallbackFolder | None = None,
    start_from: Path | None = None,
) -> JobSpec[TrainResult]:
    """Train, elsewhere if ``run`` refuses and ``spare`` names a place.

    ``start_from``: a run whose network is fine-tuned.
    """

    def work(models: ModelStore) -> Generator[Event, None, TrainResult]:
        from ddpm_studio import jobs

        return jobs.train(
            sources,
            run,
            request,
            options,
            resume=resume,
            start_from=start_from,
            models=models,
            spare=spare,
        )

    return JobSpec(f"Training {run.name}", DeviceSteps(work), Lane.BACKGROUND)


def distill(
    request: DistillRequest,
    run: Path,
    sources: Sequence[Path] = (),
    spare: FallbackFolder | None = None,
) -> JobSpec[TrainResult]:
    """Make a few-step student of ``request.run``, on its teacher's pictures if none are named."""

    def work(models: ModelStore) -> Generator[Event, None, TrainResult]:
        from ddpm_studio import jobs

        return jobs.distill(request, run, sources, models=models, spare=spare)

    return JobSpec(f"Training {run.name}", DeviceSteps(work), Lane.BACKGROUND)


def find_bases(
    shape: PictureShape, classes: tuple[str, ...], runs: Sequence[Path] = ()
) -> JobSpec[list[Base]]:
    """Look which trained networks a training on such pictures can begin with."""

    def work() -> list[Base]:
        from ddpm_studio.jobs.training.bases import find_bases

        return find_bases(shape, classes, runs)

    return JobSpec("Looking for models to start from", PoolCall(work), slot="bases", listed=False)


def interrupted() -> JobSpec[list[JournalEntry]]:
    """Look for trainings whose process ended without a word."""

    def work() -> list[JournalEntry]:
        from ddpm_studio.runs import journal

        return journal.interrupted()

    return JobSpec("Looking for interrupted runs", PoolCall(work), listed=False, queue=_JOURNAL)


def leave_interrupted(run: Path) -> JobSpec[None]:
    """Note that nobody wants to go on with a run that was interrupted."""

    def work() -> None:
        from ddpm_studio.runs import journal

        journal.end(run)

    return JobSpec(f"Leaving {run.name}", PoolCall(work), listed=False, queue=_JOURNAL)
