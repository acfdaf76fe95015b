"""Seed spin box: integers of 63 bits, and choice of a seed at random."""

from __future__ import annotations

import secrets

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QAbstractSpinBox, QWidget

from ddpm_studio.gui.widgets.layout.basics import add_text_margin, ignore_unfocused_wheel

_LARGEST = 2**63 - 1
_RANDOM_LIMIT = 10_000


class SeedBox(QAbstractSpinBox):
    """Spin box of a random seed, 0 to 2^63 − 1; QSpinBox is limited to 2^31 − 1."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        add_text_margin(self)
        ignore_unfocused_wheel(self)
        self._value = 0
        self.lineEdit().setText("0")
        self.lineEdit().textEdited.connect(self._on_edited)
        self.editingFinished.connect(self._show)

    @property
    def value(self) -> int:
        """The seed, 0 to 2^63 − 1."""
        return self._value

    def set_value(self, value: int) -> None:
        """Set the seed, clamped to the range."""
        value = min(max(value, 0), _LARGEST)
        if value != self._value:
            self._value = value
            self._show()
            self.changed.emit()

    def randomize(self) -> None:
        """Choose a different seed at random, below 10,000 so that it is easy to read out."""
        number = secrets.randbelow(_RANDOM_LIMIT - 1)
        self.set_value(number if number < self._value else number + 1)

    def stepBy(self, steps: int) -> None:
        """Step the seed up or down."""
        self.set_value(self._value + steps)

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:
        """Return which steps stay within 0 to 2^63 − 1."""
        flags = QAbstractSpinBox.StepEnabledFlag
        up_flag = flags.StepUpEnabled if self._value < _LARGEST else flags.StepNone
        return up_flag | (flags.StepDownEnabled if self._value > 0 else flags.StepNone)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Validate the text: digits only, within the range."""
        if text == "":
            return QValidator.State.Intermediate, text, position
        fits = text.isascii() and text.isdigit() and int(text) <= _LARGEST
        state = QValidator.State.Acceptable if fits else QValidator.State.Invalid
        return state, text, position

    def sizeHint(self) -> QSize:
        """Return a size with room for about six digits."""
        hint = super().sizeHint()
        width = self.fontMetrics().horizontalAdvance("000000") + 36
        return QSize(width, hint.height())

    def minimumSizeHint(self) -> QSize:
        """Return the size hint, as the box does not shrink."""
        return self.sizeHint()

    def _on_edited(self, text: str) -> None:
        if text.isdigit() and int(text) != self._value:
            self._value = min(int(text), _LARGEST)
            self.changed.emit()

    def _show(self) -> None:
        self.lineEdit().setText(str(self._value))
