"""Pixel values of any type → the levels 0..255: one rule, wherever the values come from.

What a set of numbers means is told by their type and by the smallest and the largest of them:
booleans and 0/1 masks, 8, 10, 12, 14 or 16 bits in whole numbers, floats in [0, 1], [−1, 1] or
[0, 255]. Anything else is refused with its numbers, and is read where a person says its range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

#: Depths that sensors have; a 16-bit file with 12 bits in it is one of 12 bits.
_DEPTHS = (10, 12, 14, 16)
_MOST_WORDS = 1 << 16
# Numbers that become levels at once: as float64 they take eight times as much as these.
_AT_ONCE = 1 << 20
# Models that end in tanh, or resampled floats, overshoot a little, as a share of the range.
_SLACK = 1e-3
#: Below this share of the range the pictures are dark, or no pictures but labels.
_DARK = 0.25


class Range(NamedTuple):
    """The values that become level 0 and level 255."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"

    def levels(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Return values as levels, uint8 of the same shape; beyond the ends they are clipped."""
        if values.dtype == np.uint8 and self == BYTES:
            return values
        # Of bytes and words there are fewer numbers than in a large picture.
        if values.dtype in (np.uint8, np.uint16) and values.size > _MOST_WORDS:
            table = self.levels(np.arange(np.iinfo(values.dtype).max + 1, dtype=values.dtype))
            found: npt.NDArray[np.uint8] = table[values]
            return found
        if values.size > _AT_ONCE and len(values) > 1:
            rows = max(1, _AT_ONCE * len(values) // values.size)
            levels = np.empty(values.shape, np.uint8)
            for start in range(0, len(values), rows):
                levels[start : start + rows] = self._scaled(values[start : start + rows])
            return levels
        return self._scaled(values)

    def _scaled(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        scaled = (values.astype(np.float64) - self.low) * (255.0 / (self.high - self.low))
        levels: npt.NDArray[np.uint8] = np.rint(scaled).clip(0, 255).astype(np.uint8)
        return levels


BYTES = Range(0.0, 255.0)
WORDS = Range(0.0, 65535.0)
#: Bytes that reach so far use their range: they are levels, and neither classes nor a mask.
BRIGHT = 64
_UNIT, _SIGNED = Range(0.0, 1.0), Range(-1.0, 1.0)


class NoMeaningError(ValueError):
    """Values whose meaning is not known; the message goes on behind "holds".

    Args:
        what: the message.
        option: what makes them readable, behind "their range: "; empty: nothing does.
    """

    def __init__(self, what: str, option: str = "") -> None:
        super().__init__(what)
        self.option = option


@dataclass(frozen=True)
class Values:
    """What is known of the values of some pictures.

    Args:
        dtype: their type, such as "uint16".
        low: the smallest; NaN where there is one among them.
        high: the largest.
    """

    dtype: str
    low: float
    high: float

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Values:
        """Return those of an array that is not empty."""
        # minimum and maximum pass a NaN on.
        return cls(values.dtype.name, float(values.min()), float(values.max()))

    def __or__(self, other: Values) -> Values:
        """Return those of both together, which are of one type."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return Values(self.dtype, float(low), float(high))

    def __str__(self) -> str:
        return f"{self.dtype} from {self.low:g} to {self.high:g}"

    @property
    def are_whole(self) -> bool:
        """Whether they are whole numbers, booleans left out."""
        return np.dtype(self.dtype).kind in "ui"

    @property
    def are_numbers(self) -> bool:
        """Whether they are numbers at all, or booleans."""
        return np.dtype(self.dtype).kind in "biuf"

    def require_finite(self) -> None:
        """Refuse what no range makes levels of.

        Raises:
            NoMeaningError: some of them are NaN or infinite.
        """
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise NoMeaningError(
                f"values from {self.low:g} to {self.high:g}: some are NaN or infinite"
            )

    @property
    def meaning(self) -> Range:
        """The range that such values are of.

        Raises:
            NoMeaningError: it is none of the usual ones.
        """
        kind = np.dtype(self.dtype).kind
        if kind == "b":
            return _UNIT
        if not self.are_numbers:
            raise NoMeaningError(f"values of type {self.dtype}, not pictures")
        found = self._of_floats() if kind == "f" else self._of_whole_numbers()
        if found is None:
            self.require_finite()
            what = f"values from {self.low:g} to {self.high:g}, of no known meaning"
            raise NoMeaningError(what, f"--range {self.low:g}..{self.high:g}")
        return found

    def _of_floats(self) -> Range | None:
        # Written such that a NaN fails each.
        for known in (_UNIT, _SIGNED, BYTES):
            slack = _SLACK * (known.high - known.low)
            if self.low >= known.low - slack and self.high <= known.high + slack:
                return known
        return None

    def _of_whole_numbers(self) -> Range | None:
        if self.low < 0:
            return Range(-128.0, 127.0) if self.dtype == "int8" else None
        # Pictures of nothing but ones are no mask: they are as good as black.
        if (self.low, self.high) == (0, 1):
            return _UNIT
        if self.high <= BYTES.high:
            return BYTES
        depth = next((bits for bits in _DEPTHS if self.high < 1 << bits), None)
        return Range(0.0, float((1 << depth) - 1)) if depth else None

    def told(self, used: Range) -> str:
        """Say what the values were and what they were taken for, with their numbers."""
        deep = used.low == 0 and used.high > BYTES.high
        bits = math.log2(used.high + 1) if deep else 0.0
        deep = deep and bits.is_integer()
        mask = used == _UNIT and self.are_whole
        what = f" ({bits:.0f} bits)" if deep else " (a mask)" if mask else ""
        return f"values {self}, read as {used}{what}"

    def dark(self, used: Range) -> bool:
        """Whether they use so little of a range that they may be labels and no levels."""
        return used.low == 0 and 0 < self.high < _DARK * used.high
