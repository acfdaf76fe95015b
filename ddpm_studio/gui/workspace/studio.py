"""Studio, the window's model: the open data and run, and operations on them, for the panels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QObject, Signal

from ddpm_studio import paths
from ddpm_studio.backend import Backend, JobHandle, JobSpec, Lane, State, specs
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.catalogue.model_formats import may_be_model
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.workspace.automatic_drawing import AutomaticDrawing
from ddpm_studio.gui.workspace.importing import Importer
from ddpm_studio.gui.workspace.opening import Opening, is_model
from ddpm_studio.gui.workspace.pins import Pins
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.recipe_reopener import RecipeReopener
from ddpm_studio.gui.workspace.records import RunRecords
from ddpm_studio.gui.workspace.refused_data import RefusedData
from ddpm_studio.gui.workspace.run_colours import RunColours
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.trainer import WindowTrainer
from ddpm_studio.jobs.events import DrawingResult, Pictures
from ddpm_studio.jobs.library.gallery import find_runs
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs.ready import ready_runs

if TYPE_CHECKING:
    from ddpm_studio.data import Dataset, PreviewResult
    from ddpm_studio.jobs import TrainResult

T = TypeVar("T")


class Studio(QObject):
    """Model of one window: the open data, the open run, and what can be done with them.

    Panels read its attributes, call its methods and connect to its signals; they do not know
    each other.
    """

    data_changed = Signal()
    """Emitted when ``sources``, ``options``, ``preview`` or ``dataset`` has changed."""
    data_replaced = Signal(object, object)
    """Emitted with the previous sources and options when other pictures were opened."""
    run_changed = Signal()
    """Emitted when ``run`` or ``run_view`` has changed."""
    trained_elsewhere = Signal(Path)
    """Emitted with a run's path when its training has ended while another run is open."""
    run_moved = Signal(object, object)
    """Emitted with (old, new) when a run folder was moved (Path, Path), deleted (Path, None) or
    restored (None, Path)."""
    opening_changed = Signal()
    """Emitted when ``opening`` has changed."""
    training_changed = Signal()
    """Emitted when ``training`` has begun, paused, resumed or ended."""
    model_trained = Signal()
    """Emitted when the open model was trained further: ``model_step`` has changed."""
    drawn = Signal(object)
    """Emitted with pictures (:class:`DrawingResult`) that the user requested, for the gallery."""
    restored = Signal(object)
    """Emitted with the request (:class:`ParsedRecipe`) of a picture to redraw; its run is open."""
    notified = Signal(object)
    """Emitted with a message for the user: a :class:`Failure` or a str."""
    picture_sent = Signal(str, object, object)
    """Emitted with (target, picture uint8 HWC, recipe or None); ``target`` names a tool or one
    of its :class:`ddpm_studio.catalogue.Offer`; see :meth:`send_picture`."""

    def __init__(self, backend: Backend, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.backend = backend
        self.preferences = Preferences(open_settings(), self)
        self.colours = RunColours()
        self.sources: tuple[Path, ...] = ()
        self.options = PrepareOptions()
        self.preview: PreviewResult | None = None
        self.dataset: Dataset | None = None
        self._last_dataset: Dataset | None = None
        #: The pictures that could not be opened last; None once others are being opened.
        self.refused: RefusedData | None = None
        self.prepare_job: JobHandle[Dataset] | None = None
        self.run: Path | None = None
        self.run_view: specs.runs.RunView | None = None
        #: Whether ``run_view`` was refreshed automatically, not opened by the user.
        self.reopened = False
        self._opening = Opening(self.notify, self)
        self._opening.changed.connect(self.opening_changed)
        self._records = RunRecords(backend, self)
        self.trainer = WindowTrainer(self, self._records, self._new_run, self)
        self.trainer.changed.connect(self.training_changed)
        self.trainer.started.connect(self._on_training_started)
        self.trainer.stepped.connect(self._on_training_step)
        self.trainer.ended.connect(self._on_training_ended)
        self._open_record: RunRecord | None = None
        self.runs_folder = paths.runs_dir()
        self.restorer = RecipeReopener(self.show_run, self._candidate_runs, self)
        self.restorer.restored.connect(self.restored)
        self.restorer.notified.connect(self.notify)
        self.importer = Importer(backend, self._timestamped_folder, self._opening, self)
        self.importer.run_created.connect(self.open_run)
        self.importer.notices_changed.connect(self.notify)
        self.importer.no_model.connect(self._on_no_model)
        self.importer.settings_required.connect(lambda *_: self._opening.finish())
        self.drawn.connect(self.restorer.compare)
        self.pins = Pins(backend, self.notify, self)
        self.auto_drawing = AutomaticDrawing(self, self)
        for signal in (self.training_changed, self.run_changed):
            signal.connect(self.auto_drawing.refresh)

    def open_paths(self, given: Sequence[Path]) -> None:
        """Open dropped paths: a run, another program's model, a drawn picture, or training data."""
        found = [path for path in given if paths.path_exists(path)]
        if len(found) == 1 and is_model(found[0]):
            self.open_model(found[0])
        elif found and not (len(found) == 1 and self.restorer.restore(found[0])):
            self.open_data(found)
        # Last: opening something clears earlier error messages.
        for path in given:
            if path not in found:
                reason = paths.why_unreachable(path)
                self.notify(StudioError(f"{path} {reason}.", "Check the path."))

    def open_model(self, folder: Path) -> None:
        """Open a run, or import another program's model as a run."""
        if paths.is_file(folder / "run.json"):
            self.open_run(folder)
        elif may_be_model(folder):
            self.importer.inspect(folder)
        else:
            self.notify(
                StudioError(
                    f"There is no model in {folder}.",
                    "Choose a run folder (with run.json), a pipeline of diffusers "
                    "(with model_index.json), or a checkpoint such as ckpt.pt.",
                )
            )

    def open_data(self, sources: Sequence[Path], options: PrepareOptions | None = None) -> None:
        """Open pictures; ``data_changed`` is emitted now, for the preview and for the data set."""
        previous_sources, previous_options = self.sources, self.options
        self.sources = tuple(sources)
        self.set_options(options or PrepareOptions())
        if previous_sources and previous_sources != self.sources:
            self.data_replaced.emit(previous_sources, previous_options)

    def set_options(self, options: PrepareOptions) -> None:
        """Prepare the open pictures again, with other options."""
        if self.dataset is not None:
            self._last_dataset = self.dataset
        self.options = options
        self.dataset = self.preview = self.refused = None
        self.data_changed.emit()
        if not self.sources:
            return
        preview_job = self.backend.submit(specs.data.preview(self.sources, options))
        preview_job.on_finished(self._on_preview)
        self.prepare_job = self.backend.submit(specs.data.prepare(self.sources, options))
        self.prepare_job.on_finished(self._on_dataset)
        self.prepare_job.on_failed(self._on_data_failed)

    def dismiss_refused(self) -> None:
        """Dismiss the refused pictures and keep the open ones."""
        self.refused = None
        self.data_changed.emit()

    def open_run(self, run: Path) -> None:
        """Open a run: all tools then draw with its model."""
        self.show_run(run)

    def show_run(self, run: Path) -> JobHandle[specs.runs.RunView]:
        """Open a run, as :meth:`open_run`; return the job, which sets ``run_view`` at its end."""
        job = self.backend.submit(specs.runs.open_run(run))
        job.on_finished(self._on_run_view)
        self._opening.track(job, run if run != self.run else None)
        return job

    def _reopen(self, run: Path) -> None:
        """Refresh a run's view, without interfering with opening another run; see ``reopened``."""
        job = self.backend.submit(specs.runs.open_run(run, slot="read run again"))
        job.on_finished(partial(self._on_reopened, self.run))
        job.on_failed(self.notify)

    def record(self, run: Path) -> RunRecord:
        """Return a run's record, which is updated while anything is connected to it."""
        return self._records.of(run)

    def set_polling_suspended(self, run: Path, suspended: bool) -> None:
        """Suspend (``suspended``) or resume polling of a run, while its folder is being moved."""
        self._records.set_polling_suspended(run, suspended)

    def follow_moved_run(self, old: Path | None, new: Path | None) -> None:
        """Follow a moved or deleted run (an open one is closed if deleted); see ``run_moved``."""
        if old is not None:
            self._records.drop(old)
            if new is not None:
                self.colours.move(old, new)
                self.trainer.follow(old, new)
        self.run_moved.emit(old, new)
        if old is not None and self.run is not None and self.run.resolve() == old.resolve():
            if new is not None:
                # Immediately, so that no tool requests the old path meanwhile.
                self.run = new
                self._reopen(new)
            else:
                self._close_run()

    def submit(self, spec: JobSpec[T], *, by_user: bool = True, save: bool = True) -> JobHandle[T]:
        """Submit a job; its pictures go to the gallery if both ``by_user`` and ``save`` are true.

        A job on the device that the user did not ask for runs in the spare lane, so that it does
        not hold up a training, see :class:`AutomaticDrawing`. One that is ``by_user`` but not to
        be saved, such as the frames of a drag, keeps its lane.
        """
        if not by_user and spec.on_device:
            spec = replace(spec, lane=Lane.SPARE)
        job = self.backend.submit(spec)
        if by_user and save:
            job.on_finished(self._on_result)
        return job

    def send_picture(
        self, target: str, picture: Pictures, recipe: dict[str, object] | None = None
    ) -> None:
        """Send a picture to another tool, whose tab the window then shows."""
        self.picture_sent.emit(target, picture, recipe)

    def notify(self, message: Failure | StudioError | str) -> None:
        """Show a message to the user in the window's message bar."""
        self.notified.emit(Failure.of(message) if isinstance(message, StudioError) else message)

    def _close_run(self) -> None:
        """Close the open run."""
        if self._open_record is not None:
            self._open_record.changed.disconnect(self._on_record)
        self.run = self.run_view = self._open_record = None
        self.run_changed.emit()

    def _on_no_model(self, path: Path) -> None:
        """Open a file that is no model, such as a single tensor, as pictures."""
        self._opening.finish()
        self.open_data([path])

    def _candidate_runs(self) -> Iterator[Path]:
        """Yield candidates for the run that drew a picture, the likeliest first."""
        yield from () if self.run is None else (self.run,)
        recent = Recent(open_settings()).runs()
        yield from recent
        yield from find_runs(self.runs_folder, recent)
        yield from ready_runs()

    def _new_run(self) -> Path:
        return self._timestamped_folder(self.sources[0].stem if len(self.sources) == 1 else "")

    def _timestamped_folder(self, stem: str) -> Path:
        """Return the path of a new run folder, named by ``stem``, if any, and the current time."""
        return self.runs_folder / f"{stem or 'pictures'} {datetime.now():%Y-%m-%d %H-%M-%S}"

    def _on_preview(self, preview: PreviewResult) -> None:
        self.preview = preview
        self.data_changed.emit()

    def _on_dataset(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.data_changed.emit()

    def _on_data_failed(self, failure: Failure) -> None:
        """Revert to the last data set that was read, if any, and report the failure."""
        self.refused = RefusedData(self.sources, self.options, failure)
        last = self._last_dataset
        self.sources = last.source if last is not None else ()
        self.options = last.options if last is not None else PrepareOptions()
        self.dataset, self.preview = last, None
        self.data_changed.emit()
        self.notify(failure)

    def _on_training_started(self, run: Path) -> None:
        if self.trainer.is_from_queue and self.run not in (None, run, self.trainer.previous_run):
            # The user works with another model: do not replace it.
            return
        if run != self.run:
            # No tool may use the previous model's view for the new run.
            self.run, self.run_view = run, None
        self.open_run(run)

    def _on_training_step(self) -> None:
        if self.uses_live_weights:
            self.model_trained.emit()

    def _on_training_ended(self) -> None:
        run = self.training_run
        if run is None or not paths.is_file(run / "run.json"):
            return
        if self.run in (None, run):
            self._reopen(run)
        else:
            # The user works with another model: do not replace it.
            self.trained_elsewhere.emit(run)

    def _on_run_view(self, view: specs.runs.RunView) -> None:
        self._set_run_view(view, reopened=False)

    def _on_reopened(self, previous_run: Path | None, view: specs.runs.RunView) -> None:
        if self.run == previous_run:
            self._set_run_view(view, reopened=True)

    def _set_run_view(self, view: specs.runs.RunView, reopened: bool) -> None:
        self.run_view = view
        self.run = view.summary.path
        record = self.record(self.run)
        if record is not self._open_record:
            if self._open_record is not None:
                self._open_record.changed.disconnect(self._on_record)
            self._open_record = record
            record.changed.connect(self._on_record)
        self.reopened = reopened
        if not reopened:
            self._opening.finish()
        self.run_changed.emit()

    def _on_record(self) -> None:
        """Refresh the open run when another process has saved a checkpoint."""
        record, view = self._open_record, self.run_view
        if record is None or view is None:
            return
        known = record.checkpoint is None or record.checkpoint in view.summary.checkpoints
        if not known and not (self.training is not None and self.training_run == record.run):
            self._reopen(record.run)

    def _on_result(self, result: object) -> None:
        if isinstance(result, DrawingResult):
            self.drawn.emit(result)

    @property
    def opening(self) -> Path | None:
        """Path of the model that is being opened, if any."""
        return self._opening.model

    @property
    def training(self) -> JobHandle[TrainResult] | None:
        """The training in progress, if any."""
        return self.trainer.job

    @property
    def training_run(self) -> Path | None:
        """Run in training, or trained last; None until the folder of a new one is known."""
        return self.trainer.run

    @property
    def can_draw(self) -> bool:
        """Whether there is a model to sample from: a checkpoint, or a training in progress."""
        if self.run is None or self.run_view is None:
            return False
        return bool(self.run_view.summary.checkpoints) or self.uses_live_weights

    @property
    def has_pictures(self) -> bool:
        """Whether there are pictures to choose from: open ones, or the model's training data.

        A model that was packed for sharing includes some.
        """
        view = self.run_view
        known = view is not None and bool(view.summary.sources or view.summary.title)
        return self.dataset is not None or known

    @property
    def model_step(self) -> int | None:
        """Number of steps that the open model has been trained for; None if unknown."""
        # Until the training has read its pictures, the model is that of the checkpoint.
        if self.uses_live_weights and self.trainer.step is not None:
            return self.trainer.step
        return max(self.run_view.summary.checkpoints, default=None) if self.run_view else None

    @property
    def no_model(self) -> str:
        """Message that a tool shows while there is no model to draw with."""
        if self.opening is not None:
            return self.tr("Opening {0}…").format(self.opening.name)
        if self.training is not None and self.run_view is None:
            return self.tr("The training is getting ready…")
        if self.run_view is not None:
            name = self.run_view.summary.name
            return self.tr("{0} has no checkpoint yet: there is nothing to draw with").format(name)
        return self.tr("Train or open a model first")

    @property
    def uses_live_weights(self) -> bool:
        """Whether the open run is in training here: samples then use its current weights."""
        live = self.training is not None and self.training.state in (State.RUNNING, State.PAUSED)
        return live and self.run == self.training_run
