"""Value scaling: pixel values of any dtype → levels 0..255, by one rule for every source.

The meaning of a set of values is inferred from their dtype, minimum and maximum: booleans and 0/1
masks, integers of 8, 10, 12, 14 or 16 bits, floats in [0, 1], [−1, 1] or [0, 255]. Anything else
raises an error that names the values, and is read only where the user gives its range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

#: Bit depths of sensors; a 16-bit file whose values need only 12 bits counts as 12-bit.
_DEPTHS = (10, 12, 14, 16)
_MAX_WORDS = 1 << 16
# Most values scaled at once: as float64 they take eight times the memory of the levels.
_CHUNK_SIZE = 1 << 20
# Tolerated overshoot, as a fraction of the range, of resampled floats and outputs of models.
_TOLERANCE = 1e-3
#: Values below this fraction of the range are dark pictures, or label maps and no pictures.
_DARK = 0.25


class Range(NamedTuple):
    """The values that become level 0 and level 255."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.low:g}..{self.high:g}"

    def levels(self, values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
        """Scale values to levels 0..255, uint8 of the same shape, clipped at both ends."""
        if values.dtype == np.uint8 and self == BYTES:
            return values
        # A lookup table: 8 and 16 bits have fewer values than a large picture has pixels.
        if values.dtype in (np.uint8, np.uint16) and values.size > _MAX_WORDS:
            table = self.levels(np.arange(np.iinfo(values.dtype).max + 1, dtype=values.dtype))
            looked_up: npt.NDArray[np.uint8] = table[values]
            return looked_up
        if values.size > _CHUNK_SIZE and len(values) > 1:
            rows = max(1, _CHUNK_SIZE * len(values) // values.size)
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
#: uint8 values with at least this maximum are levels, and neither class indices nor a mask.
BRIGHT = 64
_UNIT, _SIGNED = Range(0.0, 1.0), Range(-1.0, 1.0)


class UnknownRangeError(ValueError):
    """Error for values whose meaning is not known.

    Args:
        message: the text, worded to follow "holds".
        option: the option that makes the values readable, such as "--range 0..4095"; empty if none
            was worked out.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


@dataclass(frozen=True)
class Values:
    """Dtype, minimum and maximum of the values of some pictures.

    Args:
        dtype: the name of the dtype, such as "uint16".
        low: the minimum; NaN if any value is NaN.
        high: the maximum; NaN if any value is NaN.
    """

    dtype: str
    low: float
    high: float

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Values:
        """Return the dtype, minimum and maximum of an array, which must not be empty."""
        # min and max propagate NaN.
        return cls(values.dtype.name, float(values.min()), float(values.max()))

    def __or__(self, other: Values) -> Values:
        """Return the union of two ranges of values, which must be of the same dtype."""
        low, high = np.minimum(self.low, other.low), np.maximum(self.high, other.high)
        return Values(self.dtype, float(low), float(high))

    def __str__(self) -> str:
        return f"{self.dtype} from {self.low:g} to {self.high:g}"

    @property
    def are_integers(self) -> bool:
        """Whether the values are integers; booleans are not."""
        return np.dtype(self.dtype).kind in "ui"

    @property
    def are_numbers(self) -> bool:
        """Whether the dtype is boolean, integer or floating-point."""
        return np.dtype(self.dtype).kind in "biuf"

    def require_finite(self) -> None:
        """Raise an error for NaN or infinite values, which no range maps to levels.

        Raises:
            UnknownRangeError: the minimum or maximum is NaN or infinite.
        """
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            raise UnknownRangeError(
                f"values from {self.low:g} to {self.high:g}: some are NaN or infinite"
            )

    def fit(self, range_: Range) -> bool:
        """Whether the values lie in a range; floats may go slightly beyond it."""
        slack = 0.0 if self.are_integers else _TOLERANCE * (range_.high - range_.low)
        # Written so that NaN fails.
        return self.low >= range_.low - slack and self.high <= range_.high + slack

    @property
    def inferred_range(self) -> Range:
        """The usual range that the values fit, inferred from dtype, minimum and maximum.

        Raises:
            UnknownRangeError: the values fit none of the usual ranges.
        """
        kind = np.dtype(self.dtype).kind
        if kind == "b":
            return _UNIT
        if not self.are_numbers:
            raise UnknownRangeError(f"values of type {self.dtype}, not pictures")
        inferred = self._float_range() if kind == "f" else self._integer_range()
        if inferred is None:
            self.require_finite()
            message = f"values from {self.low:g} to {self.high:g}, of no known meaning"
            raise UnknownRangeError(message, f"--range {self.low:g}..{self.high:g}")
        return inferred

    def _float_range(self) -> Range | None:
        return next((usual for usual in (_UNIT, _SIGNED, BYTES) if self.fit(usual)), None)

    def _integer_range(self) -> Range | None:
        if self.low < 0:
            return Range(-128.0, 127.0) if self.dtype == "int8" else None
        # Pictures of nothing but ones are not taken for a mask, but for near-black bytes.
        if (self.low, self.high) == (0, 1):
            return _UNIT
        if self.high <= BYTES.high:
            return BYTES
        depth = next((bits for bits in _DEPTHS if self.high < 1 << bits), None)
        return Range(0.0, float((1 << depth) - 1)) if depth else None

    def describe(self, range_: Range) -> str:
        """Return a phrase with the values and the range that they were read as."""
        is_deep = range_.low == 0 and range_.high > BYTES.high
        bits = math.log2(range_.high + 1) if is_deep else 0.0
        is_deep = is_deep and bits.is_integer()
        is_mask = range_ == _UNIT and self.are_integers
        detail = f" ({bits:.0f} bits)" if is_deep else " (a mask)" if is_mask else ""
        return f"values {self}, read as {range_}{detail}"

    def is_dark(self, range_: Range) -> bool:
        """Whether the values use so little of a range that they may be labels and not levels."""
        return range_.low == 0 and 0 < self.high < _DARK * range_.high
