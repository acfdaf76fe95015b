"""Studio, the window's model: what is open, and what may be asked; the panels are views of it."""

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
from ddpm_studio.gui.workspace.opening import Opening
from ddpm_studio.gui.workspace.pins import Pins
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.recipe_reopener import RecipeReopener
from ddpm_studio.gui.workspace.records import Records
from ddpm_studio.gui.workspace.refused_data import RefusedData
from ddpm_studio.gui.workspace.run_colours import RunColours
from ddpm_studio.gui.workspace.settings import Preferences, open_settings
from ddpm_studio.gui.workspace.trainer import WindowTrainer
from ddpm_studio.jobs.events import Drawn, Pictures
from ddpm_studio.jobs.library.gallery import find_runs
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs.ready import ready_runs

if TYPE_CHECKING:
    from ddpm_studio.data import Dataset, PreviewResult
    from ddpm_studio.jobs import TrainResult

T = TypeVar("T")


class Studio(QObject):
    """What is open in one window.

    Panels read its attributes, call its methods and listen to its signals; they do not know
    each other.
    """

    data_changed = Signal()
    """``sources``, ``options``, ``preview`` or ``dataset`` is another."""
    data_replaced = Signal(object, object)
    """Other pictures were opened; carries the sources and options of those from before."""
    run_changed = Signal()
    """``run`` or ``run_view`` is another."""
    trained_elsewhere = Signal(Path)
    """The training of this run has ended while another is open."""
    run_moved = Signal(object, object)
    """(old, new): a run lies elsewhere (Path, Path), is gone (Path, None), or is back
    (None, Path)."""
    opening_changed = Signal()
    """``opening`` is another."""
    training_changed = Signal()
    """``training`` began, paused, went on or ended."""
    model_moved = Signal()
    """The open model has trained on: ``model_step`` is another."""
    drawn = Signal(object)
    """Pictures that a person asked for were finished (:class:`Drawn`); the gallery keeps them."""
    restored = Signal(object)
    """A picture (:class:`Restored`) is to be drawn again; its run is open."""
    notified = Signal(object)
    """Something for a person to read: a :class:`Failure` or a str."""
    picture_sent = Signal(str, object, object)
    """(where, picture uint8 HWC, recipe or None): where is the name of a tool or of what it
    offers, see :class:`ddpm_studio.catalogue.Offer` and :meth:`send_picture`."""

    def __init__(self, backend: Backend, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.backend = backend
        self.preferences = Preferences(open_settings(), self)
        self.colours = RunColours()
        self.sources: tuple[Path, ...] = ()
        self.options = PrepareOptions()
        self.preview: PreviewResult | None = None
        self.dataset: Dataset | None = None
        self._last_good: Dataset | None = None
        #: What was to be opened last and could not be, until other pictures are.
        self.refused: RefusedData | None = None
        self.prepare_job: JobHandle[Dataset] | None = None
        self.run: Path | None = None
        self.run_view: specs.runs.RunView | None = None
        #: Whether the run was only read again, and nobody asked to see it.
        self.reopened = False
        self._opening = Opening(self.notify, self)
        self._opening.changed.connect(self.opening_changed)
        self._records = Records(backend, self)
        self.trainer = WindowTrainer(self, self._records, self._new_run, self)
        self.trainer.changed.connect(self.training_changed)
        self.trainer.started.connect(self._on_training_started)
        self.trainer.stepped.connect(self._on_training_step)
        self.trainer.ended.connect(self._on_training_ended)
        self._open_record: RunRecord | None = None
        self.runs_folder = paths.runs_dir()
        self.restorer = RecipeReopener(self.show_run, self._near_runs, self)
        self.restorer.restored.connect(self.restored)
        self.restorer.notified.connect(self.notify)
        self.importer = Importer(backend, self._stamped, self._opening.wait_for, self)
        self.importer.made.connect(self.open_run)
        self.importer.noted.connect(self.notify)
        self.importer.no_model.connect(self._on_no_model)
        self.importer.asked.connect(lambda *_: self._opening.over())
        self.drawn.connect(self.restorer.compare)
        self.pins = Pins(backend, self.notify, self)
        self.unasked = AutomaticDrawing(self, self)
        for changed in (self.training_changed, self.run_changed):
            changed.connect(self.unasked.look)

    def open_paths(self, given: Sequence[Path]) -> None:
        """Open whatever was dropped: a run, another program's model, a drawn picture, pictures."""
        found = [path for path in given if paths.is_there(path)]
        if len(found) == 1 and is_model(found[0]):
            self.open_model(found[0])
        elif found and not (len(found) == 1 and self.restorer.restore(found[0])):
            self.open_data(found)
        # Last: opening something takes errors about what was opened before away.
        for path in given:
            if path not in found:
                why = paths.why_unreachable(path)
                self.notify(StudioError(f"{path} {why}.", "Check the path."))

    def open_model(self, folder: Path) -> None:
        """Open a run, or make one of another program's model."""
        if paths.is_file(folder / "run.json"):
            self.open_run(folder)
        elif may_be_model(folder):
            self.importer.look(folder)
        else:
            self.notify(
                StudioError(
                    f"There is no model in {folder}.",
                    "Choose a run folder (with run.json), a pipeline of diffusers "
                    "(with model_index.json), or a checkpoint such as ckpt.pt.",
                )
            )

    def open_data(self, sources: Sequence[Path], options: PrepareOptions | None = None) -> None:
        """Read pictures; ``data_changed`` follows when the preview and when all are there."""
        before, options_before = self.sources, self.options
        self.sources = tuple(sources)
        self.set_options(options or PrepareOptions())
        if before and before != self.sources:
            self.data_replaced.emit(before, options_before)

    def set_options(self, options: PrepareOptions) -> None:
        """Prepare the same pictures in another way."""
        if self.dataset is not None:
            self._last_good = self.dataset
        self.options = options
        self.dataset = self.preview = self.refused = None
        self.data_changed.emit()
        if not self.sources:
            return
        looking = self.backend.submit(specs.data.preview(self.sources, options))
        looking.on_finished(self._on_preview)
        self.prepare_job = self.backend.submit(specs.data.prepare(self.sources, options))
        self.prepare_job.on_finished(self._on_dataset)
        self.prepare_job.on_failed(self._on_data_failed)

    def forget_refused(self) -> None:
        """Keep the pictures that are open."""
        self.refused = None
        self.data_changed.emit()

    def open_run(self, run: Path) -> None:
        """Make a run the one that all tools draw with."""
        self.show_run(run)

    def show_run(self, run: Path) -> JobHandle[specs.runs.RunView]:
        """Do as :meth:`open_run`; returns the job, at whose end ``run_view`` is this run's."""
        job = self.backend.submit(specs.runs.open_run(run))
        job.on_finished(self._on_run_view)
        self._opening.wait_for(job, run if run != self.run else None)
        return job

    def _reopen(self, run: Path) -> None:
        """Read the open run again, without holding up another's opening; see ``reopened``."""
        job = self.backend.submit(specs.runs.open_run(run, slot="read run again"))
        job.on_finished(partial(self._on_read_again, self.run))
        job.on_failed(self.notify)

    def record(self, run: Path) -> RunRecord:
        """Return a run's figures, followed while anybody listens to them."""
        return self._records.of(run)

    def hold_still(self, run: Path, still: bool) -> None:
        """Do not ask for news of a run while its folder is being moved."""
        self._records.hold_still(run, still)

    def take_moved(self, old: Path | None, new: Path | None) -> None:
        """Follow a run whose folder was moved; see ``run_moved``. An open run stays open."""
        if old is not None:
            self._records.leave(old)
            if new is not None:
                self.colours.move(old, new)
                self.trainer.follow(old, new)
        self.run_moved.emit(old, new)
        if old is not None and self.run is not None and self.run.resolve() == old.resolve():
            if new is not None:
                # At once: no tool may ask for the old place meanwhile.
                self.run = new
                self._reopen(new)
            else:
                self._close_run()

    def submit(self, spec: JobSpec[T], *, asked: bool = True, kept: bool = True) -> JobHandle[T]:
        """Start any spec; pictures that it draws go to the gallery if a person ``asked`` for it.

        What nobody asked for does not hold up a training, see :class:`AutomaticDrawing`; what is
        not ``kept``, such as the moments of a drag, is drawn at once all the same.
        """
        if not asked and spec.on_device:
            spec = replace(spec, lane=Lane.SPARE)
        job = self.backend.submit(spec)
        if asked and kept:
            job.on_finished(self._on_result)
        return job

    def send_picture(
        self, where: str, picture: Pictures, recipe: dict[str, object] | None = None
    ) -> None:
        """Hand a picture to another tool, which the window then shows."""
        self.picture_sent.emit(where, picture, recipe)

    def notify(self, what: Failure | StudioError | str) -> None:
        """Tell a person something in the window's quiet bar."""
        self.notified.emit(Failure.of(what) if isinstance(what, StudioError) else what)

    def _close_run(self) -> None:
        """Have no run open."""
        if self._open_record is not None:
            self._open_record.changed.disconnect(self._on_record)
        self.run = self.run_view = self._open_record = None
        self.run_changed.emit()

    def _on_no_model(self, path: Path) -> None:
        """Take for pictures what is no model, such as a tensor in a file."""
        self._opening.over()
        self.open_data([path])

    def _near_runs(self) -> Iterator[Path]:
        """Where the run may be that drew a picture, the likeliest first."""
        yield from () if self.run is None else (self.run,)
        recent = Recent(open_settings()).runs()
        yield from recent
        yield from find_runs(self.runs_folder, recent)
        yield from ready_runs()

    def _new_run(self) -> Path:
        return self._stamped(self.sources[0].stem if len(self.sources) == 1 else "pictures")

    def _stamped(self, stem: str) -> Path:
        """Return a new run folder, named for what it is made of and for this moment."""
        return self.runs_folder / f"{stem} {datetime.now():%Y-%m-%d %H-%M-%S}"

    def _on_preview(self, preview: PreviewResult) -> None:
        self.preview = preview
        self.data_changed.emit()

    def _on_dataset(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.data_changed.emit()

    def _on_data_failed(self, failure: Failure) -> None:
        """Go back to the pictures that were open before, if any."""
        self.refused = RefusedData(self.sources, self.options, failure)
        good = self._last_good
        self.sources = good.source if good is not None else ()
        self.options = good.options if good is not None else PrepareOptions()
        self.dataset, self.preview = good, None
        self.data_changed.emit()
        self.notify(failure)

    def _on_training_started(self, run: Path) -> None:
        if self.trainer.came_up and self.run not in (None, run, self.trainer.before):
            # Someone works with another model: it is not taken out of their hands.
            return
        if run != self.run:
            # Until it is known, no tool may take the model before for this one.
            self.run, self.run_view = run, None
        self.open_run(run)

    def _on_training_step(self) -> None:
        if self.draws_live:
            self.model_moved.emit()

    def _on_training_ended(self) -> None:
        run = self.training_run
        if run is None or not paths.is_file(run / "run.json"):
            return
        if self.run in (None, run):
            self._reopen(run)
        else:
            # Someone works with another model: it is not taken out of their hands.
            self.trained_elsewhere.emit(run)

    def _on_run_view(self, view: specs.runs.RunView) -> None:
        self._take_view(view, reopened=False)

    def _on_read_again(self, before: Path | None, view: specs.runs.RunView) -> None:
        if self.run == before:
            self._take_view(view, reopened=True)

    def _take_view(self, view: specs.runs.RunView, reopened: bool) -> None:
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
            self._opening.over()
        self.run_changed.emit()

    def _on_record(self) -> None:
        """Open the run anew when another process has saved a checkpoint."""
        record, view = self._open_record, self.run_view
        if record is None or view is None:
            return
        known = record.checkpoint is None or record.checkpoint in view.summary.checkpoints
        if not known and not (self.training is not None and self.training_run == record.run):
            self._reopen(record.run)

    def _on_result(self, result: object) -> None:
        if isinstance(result, Drawn):
            self.drawn.emit(result)

    @property
    def opening(self) -> Path | None:
        """The model that is being opened."""
        return self._opening.model

    @property
    def training(self) -> JobHandle[TrainResult] | None:
        """The training under way."""
        return self.trainer.job

    @property
    def training_run(self) -> Path | None:
        """The run that is trained, or was trained last; None until a new one's folder is known."""
        return self.trainer.run

    @property
    def can_draw(self) -> bool:
        """Whether there is a model: a checkpoint, or a training under way."""
        if self.run is None or self.run_view is None:
            return False
        return bool(self.run_view.summary.checkpoints) or self.draws_live

    @property
    def has_pictures(self) -> bool:
        """Whether there are pictures to take some of: open ones, or those the model learnt.

        A model that was packed to be shared comes with some.
        """
        view = self.run_view
        known = view is not None and bool(view.summary.sources or view.summary.title)
        return self.dataset is not None or known

    @property
    def model_step(self) -> int | None:
        """How many steps the open model has been trained for, as far as is known."""
        if self.draws_live:
            return self.trainer.step
        return max(self.run_view.summary.checkpoints, default=None) if self.run_view else None

    @property
    def no_model(self) -> str:
        """What a tool says while there is nothing to draw with."""
        if self.opening is not None:
            return self.tr("Opening {0}…").format(self.opening.name)
        if self.training is not None and self.run_view is None:
            return self.tr("The training is getting ready…")
        if self.run_view is not None:
            name = self.run_view.summary.name
            return self.tr("{0} has no checkpoint yet: there is nothing to draw with").format(name)
        return self.tr("Train or open a model first")

    @property
    def draws_live(self) -> bool:
        """Whether the open run is in training here: it is drawn with as it is at the moment."""
        live = self.training is not None and self.training.state in (State.RUNNING, State.PAUSED)
        return live and self.run == self.training_run


def is_model(path: Path) -> bool:
    """Tell whether a path is a run, or looks like a model of another program."""
    return paths.is_file(path / "run.json") or may_be_model(path)
