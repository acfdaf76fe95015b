"""Resuming an opened run, with other settings where they may change."""

from __future__ import annotations

from typing import Any

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.basics import (
    ElidedLabel,
    add_text_margin,
    ignore_unfocused_wheel,
    label,
    name,
)
from ddpm_studio.gui.widgets.layout.collapsible import CollapsibleHeading
from ddpm_studio.requests import TrainRequest

_MAX_STEPS = 100_000_000
# Steps have a box of their own next to the button; devices are those chosen for trainings.
_EXCLUDED_FIELDS = ("steps", "device", "devices")


class ResumeRow(QWidget):
    """Resume button, the total number of steps, and a collapsed form of what may change.

    ``form`` has the settings whose values may change when a run is resumed.
    """

    def __init__(self, action: QAction, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown_state: tuple[object, ...] | None = None
        self.steps = QSpinBox()
        add_text_margin(self.steps)
        self.steps.setRange(1, _MAX_STEPS)
        self.steps.setGroupSeparatorShown(True)
        self.steps.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        self.steps.setSuffix(self.tr(" steps"))
        self.steps.setMinimumWidth(96)
        name(self.steps, self.tr("Steps in all"), self.tr("Total steps, including those taken"))
        ignore_unfocused_wheel(self.steps)
        self._shown: dict[str, Any] = {}
        changeable_fields = [
            key for key in TrainRequest.changeable_fields() if key not in _EXCLUDED_FIELDS
        ]
        self.form = RequestForm(TrainRequest, changeable_fields)
        self.fold = CollapsibleHeading(
            self.tr("With other settings"),
            self.form,
            unfolded=False,
            tip=self.tr("What may differ when the run is resumed; its record keeps both"),
        )
        self.title = ElidedLabel("", "caption")
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(ActionButton(action, "repeat"))
        row.addWidget(label(self.tr("to"), "muted"))
        row.addWidget(self.steps, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.title)
        layout.addLayout(row)
        layout.addWidget(self.fold)
        layout.addWidget(self.form)

    def value(self) -> dict[str, Any]:
        """Return the total of steps, and the settings that differ from the run's.

        Raises:
            StudioError: a value is not allowed; its field then shows the error too.
        """
        changed = [key for key, value in self.form.values().items() if value != self._shown[key]]
        # A value of the run's may be unknown here, if a plug-in is missing: training reports that.
        default = TrainRequest()
        defaults = {key: getattr(default, key) for key in self.form.fields if key not in changed}
        request = self.form.value(steps=self.steps.value(), **defaults)
        return {key: getattr(request, key) for key in ("steps", *changed)}

    def show_run(self, view: RunView) -> None:
        """Suggest the planned total of steps or, if that is reached, twice the steps taken."""
        self.title.setText(self.tr("The open run: {name}").format(name=view.summary.name))
        taken, planned = view.summary.step, view.summary.steps or 0
        self.steps.setMinimum(taken + 1)
        # What the person has typed is kept while the same run is read again. Its settings change
        # before its first further step, also if it fails there.
        state = (view.summary.path, taken, view.request)
        if self._shown_state != state:
            self._shown_state = state
            self.steps.setValue(planned if taken < planned else 2 * taken)
            if view.request is not None:
                self.form.set_value({key: getattr(view.request, key) for key in self.form.fields})
            self._shown = self.form.values()
