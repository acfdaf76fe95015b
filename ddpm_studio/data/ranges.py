"""Value ranges of a set: the values that become black and white, one range for each dtype."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.data.formats.reading import describe_values
from ddpm_studio.data.values import BRIGHT, BYTES, WORDS, Range, UnknownRangeError, Values
from ddpm_studio.errors import StudioError
from ddpm_studio.picture_shape import parse_range
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

DtypeRanges = tuple[tuple[str, float, float], ...]


@dataclass
class SeenValues:
    """Minimum and maximum of the pixel values of a set, by dtype."""

    by_dtype: dict[str, Values] = field(default_factory=dict)
    # For floats, the maximum of the darkest picture: version 0.1.0 scaled each picture by itself.
    darkest: float = float("inf")

    def add(self, values: Values | None) -> None:
        """Add the values of one more picture; None is ignored."""
        if values is None:
            return
        known = self.by_dtype.get(values.dtype)
        self.by_dtype[values.dtype] = values if known is None else known | values
        if values.dtype.startswith("float"):
            self.darkest = min(self.darkest, values.high)

    def ranges(self, title: str, options: PrepareOptions) -> DtypeRanges:
        """Return (dtype, low, high), the values that become black and white, sorted by dtype.

        Dtypes for which version 0.1.0 used the same range by itself are left out.

        Raises:
            StudioError: the values of a dtype have no known meaning, and no range was given.
        """
        if options.rules == FIRST_RULES:
            return ()
        ranges = {dtype: self._range(title, dtype, options) for dtype in sorted(self.by_dtype)}
        return tuple((dtype, *range_) for dtype, range_ in ranges.items() if range_ is not None)

    def _range(self, title: str, dtype: str, options: PrepareOptions) -> Range | None:
        values = self.by_dtype[dtype]
        if options.range is not None:
            return Range(*parse_range(options.range))
        if dtype == "uint8" and values.high >= BRIGHT:
            return None
        try:
            inferred = values.inferred_range
        except UnknownRangeError as error:
            option = error.option or "--range LOW..HIGH"
            raise StudioError(
                f"The pictures of {title} hold {error}.", f"Say their range: {option}."
            ) from error
        usual = {"uint8": BYTES, "uint16": WORDS, "int32": WORDS}.get(dtype)
        if usual is None and values.high <= BYTES.high and inferred.low == 0:
            usual = inferred if inferred != BYTES or self.darkest > 1 else None
        return None if inferred == usual else inferred

    def describe(self, title: str, ranges: DtypeRanges) -> list[str]:
        """Return lines for the report on the values and the ranges they were taken for."""
        by_dtype = {dtype: Range(low, high) for dtype, low, high in ranges}
        lines = []
        for dtype, values in self.by_dtype.items():
            bright = dtype == "uint8" and values.high >= BRIGHT
            if not bright:
                range_ = by_dtype.get(dtype) or values.inferred_range
                lines += describe_values(title, values, range_)
            elif dtype in by_dtype:
                lines.append(f"{title}: bytes, read as {by_dtype[dtype]}.")
        return lines
