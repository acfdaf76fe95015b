"""Training controller of the window: runs one training at a time and queues others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from ddpm_studio.backend import Backend, JobHandle, JobSpec, State, specs
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.workspace.records import RunRecords
from ddpm_studio.jobs.events import Event, RunStarted, TrainTick
from ddpm_studio.jobs.training.fallback_folder import FallbackFolder
from ddpm_studio.requests import DistillRequest, PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.backend.specs.runs import RunView
    from ddpm_studio.jobs import TrainResult


class OpenedData(Protocol):
    """Protocol of the open data and run, from which trainings start; the studio implements it."""

    backend: Backend
    sources: tuple[Path, ...]
    options: PrepareOptions
    run_view: RunView | None

    def notify(self, message: Failure | StudioError | str) -> None:
        """Show a message to the user."""


@dataclass(frozen=True, eq=False)
class QueuedTraining:
    """Queued training, which starts when those before it have ended.

    Args:
        sources: the pictures that were open when it was queued.
        options: their preparation.
        request: the settings.
        run: the new run's folder.
        start_from: a run whose network initialises the new one; None: none.
    """

    sources: tuple[Path, ...]
    options: PrepareOptions
    request: TrainRequest
    run: Path
    start_from: Path | None

    def spec(self, fallback: FallbackFolder) -> JobSpec[TrainResult]:
        """Return the job; ``fallback`` holds another folder if its own can't be written to."""
        return specs.training.train(
            self.sources,
            self.run,
            self.request,
            self.options,
            spare=fallback,
            start_from=self.start_from,
        )


class WindowTrainer(QObject):
    """Starts, pauses, stops and queues trainings on the open data, in the background.

    ``queue`` holds the waiting trainings, the next one first.

    Args:
        opened: the open pictures and model.
        records: the run records, fed from the training's events.
        new_run: returns a new run folder, named after the open pictures.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when ``job`` has begun, paused, resumed or ended."""
    started = Signal(Path)
    """Emitted with the run's folder, ``run``, once it exists."""
    stepped = Signal()
    """Emitted when ``step`` has changed."""
    ended = Signal()
    """Emitted when the training of ``run`` has ended: ``job`` is None."""
    queue_changed = Signal()
    """Emitted when ``queue`` has changed."""

    def __init__(
        self, opened: OpenedData, records: RunRecords, new_run: Callable[[], Path], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._opened, self._records, self._new_run = opened, records, new_run
        self.job: JobHandle[TrainResult] | None = None
        self.run: Path | None = None
        #: Number of steps that the network has been trained for; None until the training begins.
        self.step: int | None = None
        self.queue: list[QueuedTraining] = []
        # The job's state when ``changed`` was last emitted for it.
        self._state = State.WAITING
        #: The run that was trained before, if this training was started from the queue.
        self.previous_run: Path | None = None
        self._fallback = FallbackFolder()

    @property
    def is_from_queue(self) -> bool:
        """Whether the training in progress was started from the queue, not by the user just now."""
        return self.job is not None and self.previous_run is not None

    def start(
        self, request: TrainRequest, run: Path | None = None, start_from: Path | None = None
    ) -> None:
        """Train on the open pictures, into a new run folder unless one is given.

        ``start_from`` is a run whose network initialises the new one, adapted to the pictures.
        """
        if not self._opened.sources:
            self._opened.notify(
                StudioError("There are no pictures to train on.", "Drop some first.")
            )
            return
        new = run or self._new_run()
        fallback = FallbackFolder()
        spec = specs.training.train(
            self._opened.sources,
            new,
            request,
            self._opened.options,
            spare=fallback,
            start_from=start_from,
        )
        self._train(spec, run, fallback)

    def enqueue(self, request: TrainRequest, run: Path, start_from: Path | None = None) -> None:
        """Queue a training on the pictures that are open now; start it if nothing else trains."""
        queued = QueuedTraining(
            self._opened.sources, self._opened.options, request, run, start_from
        )
        if self.job is None:
            fallback = FallbackFolder()
            self._train(queued.spec(fallback), run, fallback)
            return
        self.queue.append(queued)
        self.queue_changed.emit()

    def is_reserved(self, run: Path) -> bool:
        """Whether a folder belongs to the training in progress or to a queued one."""
        runs = [queued.run for queued in self.queue]
        if self.job is not None and self.run is not None:
            runs.append(self.run)
        return run.resolve() in [other.resolve() for other in runs]

    def dequeue(self, *queued: QueuedTraining) -> None:
        """Remove trainings from the queue; without arguments, all of them."""
        self.queue = [entry for entry in self.queue if queued and entry not in queued]
        self.queue_changed.emit()

    def fine_tune(self, request: TrainRequest, run: Path) -> None:
        """Train a copy of the open model on the open pictures, in a new run folder.

        The pictures are prepared in the model's size and channels, and otherwise as they are open.
        """
        view = self._opened.run_view
        if view is None or not self._opened.sources:
            self._opened.notify(
                StudioError("Fine-tuning needs a model and pictures.", "Open both first.")
            )
            return
        fallback = FallbackFolder()
        shape = view.options.model_dump(include={"image_size", "channels"})
        spec = specs.training.train(
            self._opened.sources,
            run,
            request,
            self._opened.options.model_copy(update=shape),
            spare=fallback,
            start_from=view.summary.path,
        )
        self._train(spec, run, fallback)

    def resume(self, run: Path, request: TrainRequest) -> None:
        """Resume the training of a run, up to ``request.steps`` steps in all."""
        fallback = FallbackFolder()
        spec = specs.training.train((), run, request, PrepareOptions(), resume=True, spare=fallback)
        self._train(spec, run, fallback)

    def distill(self, request: DistillRequest, run: Path) -> None:
        """Distil a student on its teacher's pictures or, if they are not here, on the open ones."""
        fallback = FallbackFolder()
        spec = specs.training.distill(request, run, self._opened.sources, spare=fallback)
        self._train(spec, run, fallback)

    def pause(self, paused: bool) -> None:
        """Pause or resume the training in progress."""
        if self.job is not None:
            self._opened.backend.pause(self.job, paused)

    def stop(self) -> None:
        """Stop the training; a checkpoint of the steps taken is saved."""
        if self.job is not None:
            self._opened.backend.cancel(self.job)

    def follow(self, old: Path, new: Path) -> None:
        """Update the paths after a run folder was moved."""
        resolved = old.resolve()
        if self.run is not None and self.run.resolve() == resolved:
            self.run = new
        if self.previous_run is not None and self.previous_run.resolve() == resolved:
            self.previous_run = new
        queue = [
            replace(queued, start_from=new)
            if queued.start_from is not None and queued.start_from.resolve() == resolved
            else queued
            for queued in self.queue
        ]
        if queue != self.queue:
            self.queue = queue
            self.queue_changed.emit()

    def save_elsewhere(self, folder: Path) -> None:
        """Continue the training below another folder, as its own can't be written to."""
        self._fallback.folder = folder

    def _train(
        self, spec: JobSpec[TrainResult], run: Path | None, fallback: FallbackFolder
    ) -> None:
        if self.job is not None:
            self._opened.notify(
                StudioError("A training is under way already.", "Stop it first, or let it end.")
            )
            return
        self._begin(spec, run, fallback, previous=None)

    def _begin(
        self,
        spec: JobSpec[TrainResult],
        run: Path | None,
        fallback: FallbackFolder,
        previous: Path | None,
    ) -> None:
        self.job = self._opened.backend.submit(spec)
        self.run, self._fallback, self.previous_run = run, fallback, previous
        self.step = None
        self.job.on_event(self._on_event)
        self._state = self.job.state
        self.job.changed.connect(self._on_job_changed)
        self.job.on_failed(self._opened.notify)
        self.job.ended.connect(self._on_ended)
        self.changed.emit()

    def _on_job_changed(self) -> None:
        """Emit ``changed`` for a new state only, not for the progress of each step."""
        if self.job is not None and self.job.state is not self._state:
            self._state = self.job.state
            self.changed.emit()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.run, self.step = event.run, event.step
            if self.job is not None:
                self._records.follow(self.job, event)
            self.started.emit(event.run)
        elif isinstance(event, TrainTick):
            self.step = event.step
            self.stepped.emit()

    def _on_ended(self) -> None:
        self.job = None
        self.changed.emit()
        self.ended.emit()
        # Deferred: slots connected to ``ended`` must find no training in progress.
        QTimer.singleShot(0, self, self._begin_next)

    def _begin_next(self) -> None:
        if self.job is not None or not self.queue:
            return
        queued = self.queue.pop(0)
        self.queue_changed.emit()
        fallback = FallbackFolder()
        self._begin(queued.spec(fallback), queued.run, fallback, previous=self.run)
