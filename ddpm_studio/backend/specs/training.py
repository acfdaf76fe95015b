"""Training jobs: training, distillation, base networks, and interrupted runs."""

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
    from ddpm_studio.jobs.training.bases import BaseRun
    from ddpm_studio.picture_shape import PictureShape
    from ddpm_studio.runs.journal import JournalEntry

# One queue, so that reads and writes of the journal happen in the order of their requests.
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
    """Train a network.

    Args:
        sources: the pictures.
        run: the run folder.
        request: the training settings.
        options: the preparation of the pictures.
        resume: resume the run.
        spare: fallback folder, used if ``run`` can't be written to.
        start_from: a run whose network is fine-tuned.
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
    """Distil ``request.run`` into a few-step student, on the pictures that it was trained on.

    Args:
        request: the teacher and the settings.
        run: the student's run folder.
        sources: pictures used if the teacher's are unknown, or neither at their place nor cached.
        spare: fallback folder, used if ``run`` can't be written to.
    """

    def work(models: ModelStore) -> Generator[Event, None, TrainResult]:
        from ddpm_studio import jobs
        from ddpm_studio.jobs.library.training_pictures import has_training_pictures
        from ddpm_studio.runs import RunFolder

        has_own = has_training_pictures(RunFolder.open(request.run).info)
        own_or_given = () if has_own else sources
        return jobs.distill(request, run, own_or_given, models=models, spare=spare)

    return JobSpec(f"Training {run.name}", DeviceSteps(work), Lane.BACKGROUND)


def find_bases(
    shape: PictureShape, classes: tuple[str, ...], runs: Sequence[Path] = ()
) -> JobSpec[list[BaseRun]]:
    """Find trained networks that can be fine-tuned on pictures of this shape and these classes."""

    def work() -> list[BaseRun]:
        from ddpm_studio.jobs.training.bases import find_bases

        return find_bases(shape, classes, runs)

    return JobSpec("Looking for models to start from", PoolCall(work), slot="bases", listed=False)


def interrupted() -> JobSpec[list[JournalEntry]]:
    """Find trainings whose process ended unexpectedly."""

    def work() -> list[JournalEntry]:
        from ddpm_studio.runs import journal

        return journal.interrupted()

    return JobSpec("Looking for interrupted runs", PoolCall(work), listed=False, queue=_JOURNAL)


def dismiss_interrupted(run: Path) -> JobSpec[None]:
    """Remove an interrupted run from the journal, as it is not to be resumed."""

    def work() -> None:
        from ddpm_studio.runs import journal

        journal.end(run)

    return JobSpec(f"Leaving {run.name}", PoolCall(work), listed=False, queue=_JOURNAL)
