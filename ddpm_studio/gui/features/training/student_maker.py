"""Distilling the open run into a few-step student: the action and its dialog."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.training.run_choice import RunChoice
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import DistillRequest

_ACTION = "training.student"
_COMMON = ("steps", "draw_steps", "batch_size", "seed", "device")
_WIDTH, _MAX_PREFERRED_HEIGHT = 420, 420


class StudentMaker(QObject):
    """Distillation action: enabled where it is possible, else with the reason in its tooltip.

    Args:
        studio: has the open run, the teacher, and trains the student.
        actions: where the action is registered.
        window: owner of the dialog.
    """

    def __init__(self, studio: Studio, actions: ActionRegistry, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._window = studio, window
        self._set_available = actions.set_available
        actions.add(
            _ACTION,
            self.tr("Make a few-step student…"),
            self.open_dialog,
            category=self.tr("&Model"),
            icon="graduation-cap",
            keywords=self.tr("distill consistency tuning fast live"),
            enabled=False,
        )
        studio.run_changed.connect(self._refresh)
        studio.training_changed.connect(self._refresh)
        studio.data_changed.connect(self._refresh)
        self._refresh()

    def open_dialog(self) -> None:
        """Ask for the settings in a dialog, then start distilling."""
        if self._studio.run is None:
            return
        dialog = StudentDialog(self._studio.run, self._studio.runs_folder, self._window)
        dialog.chosen.connect(self._studio.trainer.distill)
        dialog.open()

    def _refresh(self) -> None:
        why_not = self._unavailable_reason()
        tip = self.tr(
            "Tune the open model until it draws in one to four steps, as a run of its own"
        )
        self._set_available(_ACTION, tip, why_not)

    def _unavailable_reason(self) -> str:
        view = self._studio.run_view
        if view is None or not view.summary.checkpoints:
            return self.tr("Open a trained model first")
        if view.summary.teacher is not None:
            return self.tr("The open model is a few-step student itself")
        if not self._studio.sources and not (view.sources and self._studio.has_pictures):
            return self.tr("Open pictures like those it was trained on first")
        if self._studio.training is not None:
            return self.tr("A training is under way: stop it first, or let it end")
        return ""


class StudentDialog(QDialog):
    """Dialog for the settings and the name of a few-step student.

    Args:
        teacher: the teacher's run folder.
        folder: the folder of runs in which the student's is created.
        parent: the window, which keeps running meanwhile.
    """

    chosen = Signal(object, object)
    """The :class:`DistillRequest`, and the student's run folder (Path)."""

    def __init__(self, teacher: Path, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._teacher = teacher
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Make a few-step student"))
        self.setMinimumWidth(_WIDTH)
        self.messages = MessageBar()
        rest = [key for key in DistillRequest.model_fields if key not in (*_COMMON, "run")]
        self.form = RequestForm(DistillRequest, _COMMON, rest)
        self.run_choice = RunChoice()
        self.run_choice.set_folder(folder)
        self.run_choice.suggest(self.tr("{0} in few steps").format(teacher.name))
        explanation = label(
            self.tr(
                "The model is trained on until it goes from noise to the picture at once "
                "(Easy Consistency Tuning). What it was stays as it is."
            ),
            "muted",
            wrap=True,
        )
        self.make_button = button(
            self.tr("Make"), self.tr("Begin; the Training dock shows the progress"), role="primary"
        )
        self.make_button.setDefault(True)
        cancel = button(self.tr("Cancel"), self.tr("Begin nothing"))
        cancel.setAutoDefault(False)
        content = QWidget()
        column = QVBoxLayout(content)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE_M)
        for widget in (explanation, self.run_choice, self.form):
            column.addWidget(widget)
        column.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        self.messages.attach_to(self)
        layout.addWidget(VerticalScrollArea(content, self.tr("Settings"), _MAX_PREFERRED_HEIGHT), 1)
        layout.addLayout(dialog_button_row(cancel, self.make_button))
        self.make_button.clicked.connect(self._on_accept)
        cancel.clicked.connect(self.reject)

    def _on_accept(self) -> None:
        try:
            request = self.form.value(run=self._teacher)
            folder = self.run_choice.path()
        except StudioError as error:
            self.messages.show_failure(Failure.of(error))
            return
        self.chosen.emit(request, folder)
        self.accept()
