"""Number of sampling steps, or a timestep respacing as in OpenAI's code, such as ``ddim50``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QSpinBox, QWidget

from ddpm_studio.catalogue import Respacing
from ddpm_studio.gui.features.common.sampler_fields import describe, field_help, field_title
from ddpm_studio.gui.widgets.layout.basics import add_text_margin, label, set_property
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group

_STEPS_WIDTH = 84
_TEXT_WIDTH = 104
# An example of a respacing, the same in every language.
_EXAMPLE = "ddim50"
_FIRST_COUNT = 50


class StepsChoice(QWidget):
    """Input for the number of sampling steps or, in its place, for a timestep respacing.

    Args:
        first: initial number of steps; 0: the sampler's default.
        parent: the owner.

    ``respace`` is the checkable action that switches between the two.
    """

    changed = Signal()

    def __init__(self, first: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._requested_steps = first
        self._respacing = ""
        self.box = QSpinBox()
        add_text_margin(self.box)
        self.box.setRange(0, 10_000)
        self.box.setSpecialValueText(self.tr("auto"))
        self.box.setValue(first)
        self.box.setFixedWidth(_STEPS_WIDTH)
        self.box.setKeyboardTracking(False)
        describe(self.box, "steps")
        self.line = QLineEdit()
        self.line.setFixedWidth(_TEXT_WIDTH)
        self.line.setPlaceholderText(_EXAMPLE)
        describe(self.line, "respacing")
        self.respace = QAction(field_title("respacing"), self)
        self.respace.setCheckable(True)
        self.respace.setToolTip(field_help("respacing"))
        self._number_group = inline_group(label(self.tr("steps"), "muted"), self.box)
        self._text_group = inline_group(label(self.tr("respacing"), "muted"), self.line)
        self._text_group.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._number_group)
        row.addWidget(self._text_group)
        self.box.valueChanged.connect(self._on_number)
        self.line.textChanged.connect(self._check)
        self.line.editingFinished.connect(self._on_text)
        self.respace.toggled.connect(self._on_respace)

    def value(self) -> dict[str, Any]:
        """Return the fields of a request; ``respacing`` only if one is used."""
        if self._respaced:
            return {"steps": None, "respacing": self._respacing}
        return {"steps": self.box.value() or None}

    def unclamped_value(self) -> dict[str, Any]:
        """Return the fields of a request as chosen, without the limit to the model's T."""
        return self.value() if self._respaced else {"steps": self._requested_steps or None}

    @property
    def number(self) -> int:
        """The chosen number of steps; 0: the sampler's default."""
        return Respacing.parse(self._respacing).steps if self._respaced else self.box.value()

    @property
    def summary(self) -> str:
        """The current choice as text."""
        return self._respacing if self._respaced else self.box.text()

    def set_value(self, fields: Mapping[str, Any]) -> None:
        """Set the controls from the fields of a request; without ``steps`` they stay unchanged."""
        if "steps" not in fields:
            return
        respacing = fields.get("respacing")
        if respacing is not None:
            self.line.setText(respacing)
            self._respacing = respacing
        else:
            requested = fields["steps"] or 0
            self.box.setValue(requested)
            # Remember a choice of more steps than the model's T, too.
            self._requested_steps = requested
        self.respace.setChecked(respacing is not None)

    def set_timesteps(self, timesteps: int) -> None:
        """Limit the steps to the model's timesteps T; a larger choice is remembered."""
        blocked = self.box.blockSignals(True)
        self.box.setMaximum(timesteps)
        self.box.setValue(min(self._requested_steps, timesteps))
        self.box.blockSignals(blocked)

    @property
    def _respaced(self) -> bool:
        return self.respace.isChecked()

    def _on_number(self, steps: int) -> None:
        self._requested_steps = steps
        self.changed.emit()

    def _on_respace(self, respaced: bool) -> None:
        self._number_group.setVisible(not respaced)
        self._text_group.setVisible(respaced)
        if respaced and not self._respacing:
            # One section: the same timesteps as before, except for the rounding of halves.
            self._respacing = str(min(self.box.value() or _FIRST_COUNT, self.box.maximum()))
            self.line.setText(self._respacing)
        self.changed.emit()

    def _problem(self) -> str:
        try:
            Respacing.parse(self.line.text())
        except ValueError as error:
            return str(error)
        return ""

    def _check(self) -> None:
        problem = self._problem()
        set_property(self.line, "invalid", "true" if problem else "false")
        self.line.setToolTip(problem or field_help("respacing"))

    def _on_text(self) -> None:
        """Apply the entered respacing; an invalid one leaves the last valid one in use."""
        if self.line.text() != self._respacing and not self._problem():
            self._respacing = self.line.text()
            self.changed.emit()
