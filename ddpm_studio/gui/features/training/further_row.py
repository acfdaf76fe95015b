"""Training an opened run further."""

from __future__ import annotations

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QWidget

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import label, name

_MOST = 100_000_000


class FurtherRow(QWidget):
    """A button, and the number of steps that the run shall have in all."""

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._of: tuple[object, int] | None = None
        self.steps = QSpinBox()
        self.steps.setRange(1, _MOST)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.steps.setSuffix(self.tr(" steps"))
        self.steps.setMinimumWidth(96)
        name(self.steps, self.tr("Steps in all"), self.tr("Steps in all, with those taken"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(ActionButton(action, "repeat"))
        layout.addWidget(label(self.tr("to"), "muted"))
        layout.addWidget(self.steps, 1)

    def show_run(self, view: RunView) -> None:
        """Offer the steps that are missing or, where none are, twice as many as were taken."""
        taken, asked = view.summary.step, view.summary.steps or 0
        self.steps.setMinimum(taken + 1)
        # What somebody has typed stays while the same run is read again.
        if self._of != (view.summary.path, taken):
            self._of = (view.summary.path, taken)
            self.steps.setValue(asked if taken < asked else 2 * taken)
