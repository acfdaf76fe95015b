"""Spin boxes for optional integers and floats, and for very small numbers."""

from __future__ import annotations

import math

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from ddpm_studio.gui.widgets.layout.basics import add_text_margin, ignore_unfocused_wheel

_LARGEST_INT = 2**31 - 1
_LARGEST_FLOAT = 1e9
_DECIMALS = 16
_ADAPTIVE_FROM = 1000


class IntBox(QSpinBox):
    """Spin box of an integer; with ``empty``, it can be cleared and then shows that text.

    Args:
        low: smallest number.
        high: largest number; None: as large as the box can hold.
        empty: text of the cleared box; None: a number is required.
        parent: the owner.
    """

    def __init__(
        self, low: int, high: int | None, empty: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        add_text_margin(self)
        ignore_unfocused_wheel(self)
        self._low = low
        self._optional = empty is not None
        self.setRange(low - 1 if self._optional else low, _LARGEST_INT if high is None else high)
        if empty is not None:
            self.setSpecialValueText(empty)
        if self.maximum() - self.minimum() > _ADAPTIVE_FROM:
            self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
            self.setGroupSeparatorShown(True)

    def number(self) -> int | None:
        """Return the number, or None if the box is cleared."""
        return None if self._optional and self.value() < self._low else self.value()

    def set_number(self, number: int | None) -> None:
        """Set the number; None clears the box."""
        self.setValue(self.minimum() if number is None else number)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Validate the text; an empty one is acceptable if the number is optional."""
        if self._optional and text == "":
            return QValidator.State.Acceptable, text, position
        return super().validate(text, position)

    def valueFromText(self, text: str) -> int:
        """Parse the text; an empty one means no number if it is optional."""
        return self.minimum() if self._optional and text == "" else super().valueFromText(text)


class FloatBox(QDoubleSpinBox):
    """Spin box of a float, also as small as 2e-4, shown with as few digits as needed.

    Args:
        low: smallest number.
        high: largest number; None: as large as the box can hold.
        step: increment of the arrows; None: adaptive, a tenth to a hundredth of the number.
        empty: text of the cleared box; None: a number is required.
        parent: the owner.
    """

    def __init__(
        self,
        low: float,
        high: float | None,
        step: float | None = None,
        empty: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        add_text_margin(self)
        ignore_unfocused_wheel(self)
        self._low = low
        self._optional = empty is not None
        self.setDecimals(_DECIMALS)
        # Next to the cleared box. Of a scale, without a step, a number of ordinary size: there are
        # hundreds of relative steps below it.
        self._first = max(low, 1.0) if step is None else low
        empty_value = low - (step or 1.0)
        self.setRange(
            empty_value if self._optional else low, _LARGEST_FLOAT if high is None else high
        )
        if empty is not None:
            self.setSpecialValueText(empty)
        if step is None:
            self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        else:
            self.setSingleStep(step)

    def set_limits(self, low: float, high: float) -> None:
        """Set the smallest and largest number; only for a box without ``empty``."""
        self._low = low
        self.setRange(low, high)

    def number(self) -> float | None:
        """Return the number, or None if the box is cleared."""
        return None if self._optional and self.value() < self._low else self.value()

    def set_number(self, number: float | None) -> None:
        """Set the number; None clears the box."""
        self.setValue(self.minimum() if number is None else number)

    def stepBy(self, steps: int) -> None:
        """Step up or down, rounded to 10 digits to remove floating-point error.

        From an ordinary number, or the lowest one, it goes down to the cleared box.
        """
        self.interpretText()
        previous = self.number()
        if previous is None:
            self.set_number(self._first if steps > 0 else None)
        elif self._optional and steps < 0 and previous <= self._first:
            self.set_number(None)
        else:
            super().stepBy(steps)
            lowest = self._first if self._optional and steps < 0 else self._low
            self.setValue(max(lowest, float(f"{self.value():.10g}")))

    def textFromValue(self, value: float) -> str:
        """Format with up to 10 digits: 0.0002 as it is, smaller numbers with an exponent."""
        return f"{value:.10g}"

    def valueFromText(self, text: str) -> float:
        """Parse a number with a decimal point, a decimal comma or an exponent."""
        number = _parse(text)
        return self.minimum() if number is None else number

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Validate the text: a number within the range, or the beginning of one."""
        state = QValidator.State
        if self._optional and text in ("", self.specialValueText()):
            return state.Acceptable, text, position
        if not set(text) <= set("0123456789.,eE+-"):
            return state.Invalid, text, position
        number = _parse(text)
        if number is None or not self._low <= number <= self.maximum():
            return state.Intermediate, text, position
        return state.Acceptable, text, position


def _parse(text: str) -> float | None:
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number if math.isfinite(number) else None
