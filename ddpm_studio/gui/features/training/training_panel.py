"""The Training dock: settings, start and progress of a training."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, State, specs
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.training.budget_choice import BudgetChoice
from ddpm_studio.gui.features.training.fine_tuner import FineTuner
from ddpm_studio.gui.features.training.queue_box import QueueBox
from ddpm_studio.gui.features.training.resume_row import ResumeRow
from ddpm_studio.gui.features.training.run_choice import RunChoice
from ddpm_studio.gui.features.training.sample_view import SampleView
from ddpm_studio.gui.features.training.saving_elsewhere import SavingElsewhere
from ddpm_studio.gui.features.training.time_estimate import TimeEstimate
from ddpm_studio.gui.features.training.training_form import COMMON, TrainingForm
from ddpm_studio.gui.features.training.training_status import TrainingStatus
from ddpm_studio.gui.features.training.warm_start_choice import WarmStartChoice
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.advice import options_to_titles
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, label
from ddpm_studio.gui.widgets.layout.collapsible import CollapsibleHeading
from ddpm_studio.gui.widgets.layout.columns import Columns
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.widgets.plots.bar_plot import BarPlot
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.machine_meter import MachineMeter
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import (
    CheckpointSaved,
    Event,
    InfoNotice,
    Notice,
    PicturesLeftOut,
    RunStarted,
    SavingFailed,
    TrainTick,
)
from ddpm_studio.paths import is_file
from ddpm_studio.requests import PrepareOptions, TrainRequest

_MAX_PREFERRED_HEIGHT = 304


class TrainingPanel(QWidget):
    """Starts a training and shows it; shows an opened run and trains it further."""

    show_requested = Signal()
    """Emitted when the panel is to be shown, even if it is hidden."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self._job: JobHandle[object] | None = None
        self._run: Path | None = None
        self._record: RunRecord | None = None
        self.messages = MessageBar()
        self._register(actions)
        self._elsewhere = SavingElsewhere(studio, actions, self.messages, self)
        self.start_button = ActionButton(self._start_action, "play", "primary")
        self.pause_button = ActionButton(self._pause_action, "pause")
        self.stop_button = ActionButton(self._stop_action, "square")
        self.status = TrainingStatus()
        self.resume_row = ResumeRow(self._resume_action)
        self.form = TrainingForm()
        self.start_from = WarmStartChoice(studio, self)
        self._register_settings(actions)
        self.run_choice = RunChoice(studio.trainer.is_reserved)
        self.new_run = ElidedLabel("", "caption")
        self.run_choice.name_edit.textChanged.connect(self._refresh)
        self.fine_tuner = FineTuner(studio, actions, self._training_arguments, self)
        self.queue = QueueBox(studio, actions, self._training_arguments, self)
        self.queue.taken.connect(lambda: self.run_choice.mark_taken())
        self.settings = QWidget()
        self.settings_fold = CollapsibleHeading(self.tr("Settings"), self.settings)
        self.loss = LossPlot()
        self.loss.outliers_button.hide()
        self.by_t = BarPlot()
        self.by_t_label = label(self.tr("Loss by timestep"), "heading")
        self.samples = SampleView(studio)
        self.samples.add_enlarge_button(actions, "observatory.page2")
        self._lay_out()
        studio.training_changed.connect(self._on_training)
        studio.run_changed.connect(self._on_run)
        studio.data_changed.connect(self._on_data)
        self._on_data()
        if studio.backend.device is not None:
            self._on_device(studio.backend.device)
        studio.backend.ready.connect(self._on_device)

    def _on_device(self, device: str) -> None:
        """Offer all GPUs as one choice, where there are several."""
        if not device.startswith("CPU"):
            job = self._studio.backend.submit(specs.machine.count_gpus())
            job.on_finished(self.form.offer_gpus)

    def _lay_out(self) -> None:
        settings = QVBoxLayout(self.settings)
        settings.setContentsMargins(0, 0, 0, 0)
        settings.setSpacing(SPACE_M)
        settings.addWidget(self.run_choice)
        settings.addWidget(self.form)
        settings.addWidget(self.queue.button)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACE_S)
        for button in (self.start_button, self.pause_button, self.stop_button):
            buttons.addWidget(button, 1)
        content = Columns()
        content.add(
            buttons,
            self.new_run,
            self.status,
            self.queue,
            self.resume_row,
            self.fine_tuner.button,
            self.settings_fold,
            self.settings,
        )
        content.add(self.loss, self.by_t_label, self.by_t, self.samples, stretched=self.samples)
        content.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_L)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.messages.attach_to(self, Qt.Edge.BottomEdge)
        self._area = VerticalScrollArea(content, self.tr("Training"), _MAX_PREFERRED_HEIGHT)
        layout.addWidget(self._area, 1)

    def _register(self, actions: ActionRegistry) -> None:
        self._set_tooltip = actions.set_tooltip
        category = self.tr("&Model")
        self._start_action = actions.add(
            "training.start",
            self.tr("Start training"),
            self.start,
            category=category,
            shortcut="F5",
            icon="play",
        )
        self._pause_action = actions.add(
            "training.pause",
            self.tr("Pause"),
            self._toggle_pause,
            category=category,
            shortcut="F6",
            icon="pause",
            tip=self.tr("Pause the training, or go on with it"),
        )
        self._stop_action = actions.add(
            "training.stop",
            self.tr("Stop"),
            self.stop,
            category=category,
            shortcut="Shift+F5",
            icon="square",
            tip=self.tr("Stop the training; what it has learnt is saved"),
        )
        self._resume_action = actions.add(
            "training.resume",
            self.tr("Train further"),
            self.resume_training,
            category=category,
            shortcut="Ctrl+F5",
            icon="repeat",
            tip=self.tr("Go on with the open run where it ended"),
            keywords=self.tr("continue fine-tune"),
        )

    def _register_settings(self, actions: ActionRegistry) -> None:
        actions.add(
            "training.settings",
            self.tr("Training settings"),
            self.show_settings,
            category=self.tr("&Model"),
            icon="sliders-horizontal",
            tip=self.tr("Network, steps and all else that decides a training"),
            keywords=" ".join(self.form.titles),
        )

    def show_settings(self) -> None:
        """Show every setting of a training and put the cursor into the first."""
        self.settings_fold.setChecked(True)
        self.form.more_button.setChecked(True)
        # Only once all is unfolded, as that decides how much room is needed.
        self.show_requested.emit()
        first = self.form.editor(COMMON[0])
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._area.ensureWidgetVisible(first)

    def show_estimate(self, meter: MachineMeter) -> None:
        """Add the time budgets, and the time estimate for this machine, above the settings."""
        column = self.settings.layout()
        assert isinstance(column, QVBoxLayout)
        self.budget = BudgetChoice(self._studio, meter, self.form, self.start_from)
        column.insertWidget(0, self.budget)
        column.insertWidget(1, TimeEstimate(meter, self.form, self.settings))

    def start(self) -> None:
        """Train on the open pictures with the settings shown, into a new run."""
        arguments = self._training_arguments()
        if arguments is not None:
            self._studio.trainer.start(*arguments)

    def _training_arguments(
        self, preset: str | None = None
    ) -> tuple[TrainRequest, Path, Path | None] | None:
        """Return settings, new folder and run to start from; None, with a message, if invalid."""
        try:
            return self.form.value_for(preset), self.run_choice.path(), self.start_from.run
        except StudioError as error:
            self.messages.show_failure(Failure.of(error))
            return None

    def resume_training(self) -> None:
        """Resume the open run, up to the total of steps shown."""
        view = self._studio.run_view
        if view is None or view.request is None or not view.trainable:
            return
        try:
            update = {**self.form.devices(), **self.resume_row.value()}
        except StudioError as error:
            self.resume_row.fold.setChecked(True)
            self.messages.show_failure(Failure.of(error))
            return
        self._studio.trainer.resume(view.summary.path, view.request.model_copy(update=update))

    def stop(self) -> None:
        """Stop the training; the status shows that the last step is being saved."""
        self._studio.trainer.stop()

    def _toggle_pause(self) -> None:
        job = self._studio.training
        if job is not None:
            self._studio.trainer.pause(job.state is not State.PAUSED)

    def _on_data(self) -> None:
        sources = self._studio.sources
        if sources:
            stem = sources[0].stem if len(sources) == 1 else ""
            self.run_choice.suggest(stem or self.tr("pictures"))
        self._refresh()

    def _on_training(self) -> None:
        job = self._studio.training
        if job is not None and job is not self._job:
            self._follow_training(job)
        self._refresh()

    def _follow_training(self, job: JobHandle[object]) -> None:
        self._job = job
        self.messages.clear()
        self.status.reset()
        if not self._studio.trainer.is_from_queue:
            self.settings_fold.setChecked(False)
        self._show_run(self._studio.training_run)
        job.on_event(self._on_event)
        job.changed.connect(self._show_progress)
        job.ended.connect(self._on_ended)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TrainTick):
            self.status.handle_event(event)
            self._refresh()
        elif isinstance(event, RunStarted):
            self.status.handle_event(event)
            self.run_choice.mark_taken(event.run)
            self._show_run(event.run)
            self._refresh()
        elif isinstance(event, SavingFailed):
            self._elsewhere.on_saving_failed(event)
        elif isinstance(event, Notice) and not isinstance(event, PicturesLeftOut):
            # The Data dock lists those, with the reason of each.
            fields = PrepareOptions.model_fields | TrainRequest.model_fields
            template = self.tr("“{field}: {value}” in the settings")
            is_info = isinstance(event, InfoNotice)
            show = self.messages.add_info if is_info else self.messages.show_warning
            show(options_to_titles(event.text, fields, template))
            # The warning of what can be lost stays above the other messages.
            self._elsewhere.show_again()
        elif isinstance(event, CheckpointSaved):
            self._elsewhere.on_saved()

    def _show_progress(self) -> None:
        job = self._studio.training
        if job is not None:
            self.status.show_job(job)
            self._stop_action.setEnabled(not job.stopping)

    def _on_ended(self) -> None:
        self._elsewhere.disable()
        self._job = None
        # Where another run is open, its curve and status are shown from now on.
        self._show_run(self._studio.run)
        self._refresh()

    def _on_run(self) -> None:
        view = self._studio.run_view
        if view is None:
            if self._studio.run is None and self._job is None:
                self._show_run(None)
                self._refresh()
            return
        path = view.summary.path
        training = self._job is not None
        if not training or path == self._studio.training_run:
            self._show_run(path)
            if not (self._studio.reopened or self._studio.trainer.is_from_queue):
                # Its curve is of interest now; the settings are for another run.
                self.settings_fold.setChecked(False)
        self.resume_row.show_run(view)
        self._refresh()

    def _show_run(self, run: Path | None) -> None:
        if run is not None and not is_file(run / "run.json"):
            run = None
        if run == self._run:
            return
        self._run = run
        if self._record is not None:
            self._record.changed.disconnect(self._on_record)
        self._record = None
        self.by_t.clear()
        self.loss.clear()
        self.samples.set_paths([])
        if run is not None:
            self._record = self._studio.record(run)
            self._record.changed.connect(self._on_record)
            self._on_record()

    def _on_record(self) -> None:
        """Show the losses and samples that a run has recorded so far."""
        record = self._record
        if record is None or self._run is None:
            return
        self.loss.set_colour(self._run.name, self._studio.colours.of(self._run))
        self.loss.update_series(self._run.name, record.losses)
        self.loss.update_held_out(self._run.name, *record.series("held_out_loss"))
        if record.timesteps is not None:
            self.by_t.set_values(record.recent_loss_by_t().tolist(), record.timesteps)
        self.samples.set_paths(record.previews)
        self._refresh()

    def _refresh(self) -> None:
        """Update buttons and figures to the current state of training and run."""
        job, view = self._studio.training, self._studio.run_view
        training = job is not None
        paused = job is not None and job.state is State.PAUSED
        self.start_button.setVisible(not training)
        new = self.run_choice.name_edit.text().strip()
        self.new_run.setText(self.tr("A new run: {name}").format(name=new))
        self.new_run.setVisible(not training and bool(self._studio.sources) and bool(new))
        self.pause_button.setVisible(training)
        self.stop_button.setVisible(training)
        self._start_action.setEnabled(not training and bool(self._studio.sources))
        self._set_tooltip(
            "training.start",
            self.tr("Train a network on the open pictures, in a new run: {name}").format(name=new)
            if self._studio.sources
            else self.tr("Open pictures first, in the Data dock: a network learns from them"),
        )
        self._pause_action.setEnabled(training)
        self._pause_action.setText(self.tr("Go on") if paused else self.tr("Pause"))
        self.pause_button.show_icon("play" if paused else "pause")
        self._stop_action.setEnabled(job is not None and not job.stopping)
        owner = self._record.trainer if self._record is not None and not training else None
        trainable = view is not None and view.trainable
        self._resume_action.setEnabled(trainable and not training and owner is None)
        self.resume_row.setVisible(trainable and not training and owner is None)
        self._set_tooltip(
            "training.resume",
            self.tr("Go on with {name} where it ended").format(
                name=view.summary.name if view is not None else self.tr("the open run")
            )
            if owner is None
            else self.tr("Another process trains this run: stop it there first"),
        )
        self.status.setVisible(training or view is not None)
        has_run = self._run is not None
        for widget in (self.loss, self.by_t_label, self.by_t, self.samples):
            widget.setVisible(has_run)
        other = self._studio.training_run if training else None
        if self._record is not None and owner is not None:
            self.status.show_elsewhere(self._record, owner)
            return
        self.status.show_other_run(other.name if other and other != self._studio.run else "")
        if job is not None:
            self.status.show_job(job)
        elif view is not None:
            self.status.show_run(view)
