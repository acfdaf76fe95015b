"""Training queue: the trainings that wait, and an action to add one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, tool_button
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.gui.workspace.trainer import QueuedTraining
from ddpm_studio.requests import TrainRequest

_ACTION = "training.queue"


class QueueBox(QWidget):
    """Training queue, a row for each waiting one, the next first; hidden while it is empty.

    ``button`` adds one with the settings shown; it is visible while a training runs.

    Args:
        studio: its trainer has the queue.
        actions: where the action is registered.
        arguments: returns the settings, the new run's folder and the run to start from, if any;
            None if they are invalid.
        parent: the panel.
    """

    taken = Signal()
    """Emitted when the name of the new run has been used."""

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        arguments: Callable[[], tuple[TrainRequest, Path, Path | None] | None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._studio, self._get_arguments = studio, arguments
        self._set_available = actions.set_available
        self._action = actions.add(
            _ACTION,
            self.tr("Queue a training"),
            self.add,
            category=self.tr("&Model"),
            icon="clock",
            keywords=self.tr("next later wait night"),
            enabled=False,
        )
        self.button = ActionButton(self._action, "clock")
        self.rows: list[QWidget] = []
        self._list = QVBoxLayout(self)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(SPACE_S)
        for changed in (studio.training_changed, studio.data_changed):
            changed.connect(self._refresh)
        studio.trainer.queue_changed.connect(self._show)
        self._show()
        self._refresh()

    def add(self) -> None:
        """Add a training with the settings shown to the queue."""
        arguments = self._get_arguments()
        if arguments is None:
            return
        self._studio.trainer.enqueue(*arguments)
        self.taken.emit()

    def _show(self) -> None:
        for row in self.rows:
            row.hide()
            row.deleteLater()
        self.rows = [self._row(queued) for queued in self._studio.trainer.queue]
        for row in self.rows:
            self._list.addWidget(row)
        self.setVisible(bool(self.rows))

    def _row(self, queued: QueuedTraining) -> QWidget:
        row = QWidget()
        name = queued.run.name
        caption = ElidedLabel(self.tr("Waits: {name}").format(name=name), "caption")
        remove_button = tool_button("x", self.tr("Remove {name} from the queue").format(name=name))
        remove_button.clicked.connect(lambda: self._studio.trainer.dequeue(queued))
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(caption, 1)
        layout.addWidget(remove_button)
        return row

    def _refresh(self) -> None:
        training = self._studio.training is not None
        self.button.setVisible(training)
        why_not = ""
        if not training:
            why_not = self.tr("Nothing trains: a training begins at once")
        elif not self._studio.sources:
            why_not = self.tr("Open pictures first, in the Data dock: a network learns from them")
        tip = self.tr(
            "Train a network on the open pictures with the settings shown, as a new run, when the "
            "training under way has ended"
        )
        self._set_available(_ACTION, tip, why_not)
