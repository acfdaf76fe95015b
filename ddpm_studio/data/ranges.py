"""Value ranges of a set: the values that become black and white, one range for each dtype."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ddpm_studio.data.values import BRIGHT, BYTES, WORDS, Range, UnknownRangeError, Values
from ddpm_studio.errors import StudioError
from ddpm_studio.picture_shape import format_ranges, has_range_name, parse_ranges
from ddpm_studio.requests import FIRST_RULES, PrepareOptions

DtypeRanges = tuple[tuple[str, float, float], ...]
# The ranges of version 0.1.0, which inferred those of floats.
_FIRST_RANGES = {"uint8": BYTES, "uint16": WORDS, "int32": WORDS}
_BYTES = ("bool", "uint8")


def given_range(values: Values, options: PrepareOptions) -> Range | None:
    """Return the range asked for, or else the one expected if the values fit in it.

    None if there is neither, so that the range is inferred.
    """
    requested = options.range_of(values.dtype)
    if requested is not None:
        return Range(*requested)
    expected = options.expected_ranges.get(values.dtype)
    fits = expected is not None and values.fit(Range(*expected))
    return Range(*expected) if expected is not None and fits else None


def describe_values(name: str, values: Values, range_: Range) -> list[str]:
    """Return lines for the report on the values of some pictures and the range used."""
    lines = []
    if (values.dtype, range_) != ("uint8", BYTES):
        lines.append(f"{name}: {values.describe(range_)}.")
    if values.is_dark(range_):
        share = values.high / range_.high
        lines.append(
            f"{name}: the values go from {values.low:g} to {values.high:g}, {share:.0%} of the "
            f"range {range_}; --range 0..{values.high:g} stretches them."
        )
    return lines


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

    def with_unseen(
        self, title: str, options: PrepareOptions, requested: DtypeRanges
    ) -> DtypeRanges:
        """Return :meth:`ranges` along with those requested for dtypes that were not seen."""
        unseen = (entry for entry in requested if entry[0] not in self.by_dtype)
        return tuple(sorted((*unseen, *self.ranges(title, options))))

    def read_as(self, ranges: DtypeRanges) -> dict[str, Range]:
        """Return the range that each dtype was read as, given those of :meth:`ranges`."""
        by_dtype = {dtype: Range(low, high) for dtype, low, high in ranges}
        return {
            dtype: by_dtype.get(dtype) or _FIRST_RANGES.get(dtype) or values.inferred_range
            for dtype, values in self.by_dtype.items()
        }

    def _range(self, title: str, dtype: str, options: PrepareOptions) -> Range | None:
        values = self.by_dtype[dtype]
        given = given_range(values, options)
        if options.range_of(dtype) is not None and dtype not in options.ranges:
            return given
        if given is None and dtype == "uint8" and values.high >= BRIGHT:
            return None
        try:
            inferred = values.inferred_range
        except UnknownRangeError as error:
            if given is not None:
                return given
            option = error.option or "--range LOW..HIGH"
            raise StudioError(
                f"The pictures of {title} hold {error}.", f"Say their range: {option}."
            ) from error
        usual = _FIRST_RANGES.get(dtype)
        # Other integers were read as 16 bits, whatever their values: their range is always listed.
        was_inferred = usual is None and not values.are_integers
        if was_inferred and values.high <= BYTES.high and inferred.low == 0:
            usual = inferred if inferred != BYTES or self.darkest > 1 else None
        range_ = given or inferred
        return None if range_ == usual else range_

    def describe(self, title: str, ranges: DtypeRanges) -> list[str]:
        """Return lines for the report on the values and the ranges they were taken for."""
        by_dtype = self.read_as(ranges)
        lines = []
        for dtype, values in self.by_dtype.items():
            bright = dtype == "uint8" and values.high >= BRIGHT
            if not bright:
                lines += describe_values(title, values, by_dtype[dtype])
            elif any(entry[0] == dtype for entry in ranges):
                lines.append(f"{title}: bytes, read as {by_dtype[dtype]}.")
        return lines


def unexpected_ranges(ranges: str, options: PrepareOptions) -> list[tuple[str, Range, Range]]:
    """Return (dtype, expected, actual) for each dtype that was not read in the range expected.

    Args:
        ranges: the ranges that a set was read as, as of :func:`known_ranges`.
        options: options with the expected ranges.
    """
    actual = parse_ranges(ranges) if ranges else {}
    return [
        (dtype, Range(*expected), Range(*actual[dtype]))
        for dtype, expected in options.expected_ranges.items()
        if actual.get(dtype, expected) != expected
    ]


def known_ranges(
    seen: SeenValues,
    ranges: DtypeRanges,
    array_ranges: Iterable[tuple[str, float, float]],
    options: PrepareOptions,
) -> str:
    """Return the ranges that a set was read as, by which further pictures like its own are read.

    Bytes are left out, whose meaning does not depend on the set, unless their range was asked for;
    and so are dtypes that were read in several ranges, or that no range can be given for.

    Args:
        seen: the values in picture files.
        ranges: the ranges that those were read as, as of :meth:`SeenValues.ranges`.
        array_ranges: (dtype, low, high) of the values in arrays.
        options: how the set is prepared.

    Returns:
        The ranges as of :func:`format_ranges`; empty if there are none.
    """
    if options.rules == FIRST_RULES:
        return ""
    found = {(dtype, *range_) for dtype, range_ in seen.read_as(ranges).items()}
    found |= set(array_ranges)
    counts = Counter(dtype for dtype, _, _ in found)
    return format_ranges(
        {
            dtype: (low, high)
            for dtype, low, high in found
            if counts[dtype] == 1
            and has_range_name(dtype)
            and (dtype not in _BYTES or options.range_of(dtype) is not None)
        }
    )
