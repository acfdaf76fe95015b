"""Line plots as SVG: axes with round ticks, a legend, colours of the page's theme."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ddpm_studio.export.report.prose import Html, svg_prose

Values = npt.NDArray[np.float64]

_MAX_POINTS = 800
_TICKS = 5
_MAX_TICKS, _MAX_DECADES = 8, 6
_CHARACTER_WIDTH = 6.1
_GAP = 8
_TOP, _RIGHT, _BOTTOM = 26, 18, 40


@dataclass(frozen=True, eq=False)
class PlotLine:
    """One line of a plot; NaN breaks it.

    Args:
        x: shape (N,), rising or falling.
        y: shape (N,).
        label: name in the legend; empty: none.
        colour: index of one of the theme's colours.
        style: thin: raw data behind a smoothed line; points: with a marker at each point; dashed:
            a reference level.
    """

    x: Sequence[float] | Values
    y: Sequence[float] | Values
    label: str = ""
    colour: int = 0
    style: Literal["line", "thin", "points", "dashed"] = "line"


@dataclass(frozen=True)
class Axis:
    """Label of an axis, with symbols as ``$x_t$``, and whether it is logarithmic."""

    label: str
    log: bool = False


class Scale:
    """Linear or logarithmic mapping from values to coordinates along an axis.

    The range is extended to round values.

    Args:
        low: the smallest value, above 0 with ``log``.
        high: the largest value.
        log: whether the axis is logarithmic.
        start: coordinate of the lower end.
        end: coordinate of the upper end.
    """

    def __init__(self, low: float, high: float, log: bool, start: float, end: float) -> None:
        self.log, self._start, self._end = log, start, end
        if log:
            self.low, self.high = _round_down(low), _round_up(high, low)
        else:
            self.step = round_step((high - low) or abs(high) or 1.0, _TICKS)
            self.low = math.floor(low / self.step + 1e-9) * self.step
            self.high = max(math.ceil(high / self.step - 1e-9) * self.step, self.low + self.step)

    def __call__(self, value: float) -> float:
        """Return the coordinate of a value."""
        low, high, at = self.low, self.high, value
        if self.log:
            low, high, at = math.log10(low), math.log10(high), math.log10(value)
        return self._start + (at - low) / (high - low) * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Return the values of the ticks."""
        if not self.log:
            count = round((self.high - self.low) / self.step)
            return [self.low + k * self.step for k in range(count + 1)]
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        fine = [k * 10.0**power for power in range(first, last + 1) for k in (1, 2, 5)]
        fine = [one for one in fine if self.low * 0.999 <= one <= self.high * 1.001]
        if len(fine) <= _MAX_TICKS:
            return fine
        every = math.ceil((last - first) / _MAX_DECADES)
        found = [10.0**power for power in range(first, last + 1, every)]
        return [one for one in found if self.low * 0.999 <= one <= self.high * 1.001]


def round_step(span: float, most: int) -> float:
    """Return a round tick step, 1, 2 or 5 · 10ⁿ, of which at most ``most`` make up the span."""
    raw = span / most
    power = 10.0 ** math.floor(math.log10(raw))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= raw * (1 - 1e-9))


def tick_text(value: float) -> str:
    """Format a tick's value: 0.002, 1,000, 10⁻⁴."""
    if value and abs(value) < 1e-3:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        factor = value / 10.0**power
        front = "" if math.isclose(factor, 1) else f"{factor:.3g}·"
        return f"{front}10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    text = f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:.3g}"
    whole, dot, rest = text.partition(".")
    return (f"{int(whole):,}" if whole.lstrip("-").isdigit() and abs(value) >= 1 else whole) + (
        dot + rest
    )


def plot(
    curves: Sequence[PlotLine],
    x: Axis,
    y: Axis,
    *,
    title: str,
    width: int = 460,
    height: int = 270,
) -> Html:
    """Draw a line plot as SVG.

    Args:
        curves: one or more; values that can't be shown, such as 0 on a log axis, are left out.
        x: the lower axis.
        y: the left axis, with its label above it.
        title: accessible name (``aria-label``).
        width: in pixels; it is shown smaller if there is less room.
        height: in pixels.

    Raises:
        ValueError: if no value can be shown.
    """
    shown = [_visible_points(curve, x.log, y.log) for curve in curves]
    known_x = np.concatenate([values[~np.isnan(values)] for values, _ in shown])
    known_y = np.concatenate([values[~np.isnan(values)] for _, values in shown])
    if not len(known_x):
        raise ValueError("there is nothing to draw")
    named = [curve for curve in curves if curve.label]
    top = _TOP + (16 if named else 0)
    up = Scale(known_y.min(), known_y.max(), y.log, height - _BOTTOM, top)
    marks = [(tick, tick_text(tick)) for tick in up.ticks()]
    left = 12 + _CHARACTER_WIDTH * max(len(text) for _, text in marks)
    across = _tight_scale(known_x, x.log, left, width - _RIGHT)
    parts = [
        *_y_axis(up, marks, left, width),
        *_x_axis(across, height),
        _label(x, (left + width - _RIGHT) / 2, height - 6, "middle"),
        _label(y, 2, 13, "start"),
        *_legend(named, left, width),
        *(_line(curve, across, up, *points) for curve, points in zip(curves, shown, strict=True)),
    ]
    return Html(
        f'<svg class="plot" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{html.escape(title, quote=True)}">{"".join(parts)}</svg>'
    )


def _visible_points(curve: PlotLine, log_x: bool, log_y: bool) -> tuple[Values, Values]:
    """Return a curve's points, downsampled if many, with NaN for those that can't be shown."""
    x, y = np.array(curve.x, np.float64), np.array(curve.y, np.float64)
    with np.errstate(invalid="ignore"):
        bad = ~np.isfinite(x) | ~np.isfinite(y) | (log_x & (x <= 0)) | (log_y & (y <= 0))
    x[bad] = y[bad] = np.nan
    if len(x) <= _MAX_POINTS:
        return x, y
    # Keep minimum and maximum of each segment, so that no peak is lost.
    keep: set[int] = {0, len(x) - 1}
    for part in np.array_split(np.arange(len(x)), _MAX_POINTS // 2):
        if not np.isnan(y[part]).all():
            keep |= {int(part[np.nanargmin(y[part])]), int(part[np.nanargmax(y[part])])}
    kept = sorted(keep)
    return x[kept], y[kept]


def _round_down(value: float) -> float:
    """Round down to 1, 2 or 5 · 10ⁿ."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return max(power * k for k in (1, 2, 5) if power * k <= value * (1 + 1e-9))


def _round_up(value: float, low: float) -> float:
    """Round up to 1, 2 or 5 · 10ⁿ; if the result is not above ``low``, return 10 · ``low``."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    found = min(power * k for k in (1, 2, 5, 10) if power * k >= value * (1 - 1e-9))
    return found if found > low else 10 * low


def _tight_scale(values: Values, log: bool, start: float, end: float) -> Scale:
    """Return a scale that spans exactly the data if linear, without margins at the sides."""
    scale = Scale(values.min(), values.max(), log, start, end)
    if not log and values.max() > values.min():
        scale.low, scale.high = float(values.min()), float(values.max())
    return scale


def _y_axis(up: Scale, marks: list[tuple[float, str]], left: float, width: int) -> list[str]:
    parts = []
    for tick, text in marks:
        at = f"{up(tick):.1f}"
        parts.append(f'<path class="grid" d="M{left:.1f} {at}H{width - _RIGHT}"/>')
        parts.append(
            f'<text x="{left - 5:.1f}" y="{up(tick) + 3.5:.1f}" text-anchor="end">{text}</text>'
        )
    return parts


def _x_axis(across: Scale, height: int) -> list[str]:
    if across.log:
        ticks = across.ticks()
    else:
        step = round_step(across.high - across.low, _TICKS)
        first = math.ceil(across.low / step - 1e-9)
        ticks = [k * step for k in range(first, math.floor(across.high / step + 1e-9) + 1)]
    floor = height - _BOTTOM
    return [
        f'<path class="axis" d="M{across(tick):.1f} {floor}v4"/>'
        f'<text x="{across(tick):.1f}" y="{floor + 16}" text-anchor="middle">'
        f"{tick_text(tick)}</text>"
        for tick in ticks
    ]


def _label(axis: Axis, x: float, y: float, anchor: str) -> str:
    return (
        f'<text class="label" x="{x:.1f}" y="{y}" text-anchor="{anchor}">'
        f"{svg_prose(axis.label)}</text>"
    )


def _legend(named: Sequence[PlotLine], left: float, width: int) -> list[str]:
    parts, at = [], left
    for curve in named:
        text = html.escape(curve.label)
        parts.append(
            f'<path class="{_line_class(curve)}" d="M{at:.1f} 28h16"/>'
            f'<text x="{at + 20:.1f}" y="32">{text}</text>'
        )
        at += 20 + _CHARACTER_WIDTH * len(curve.label) + 2 * _GAP
    return parts


def _line(curve: PlotLine, across: Scale, up: Scale, x: Values, y: Values) -> str:
    pieces: list[str] = []
    dots: list[str] = []
    pen = "M"
    for one, other in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(one):
            pen = "M"
            continue
        place = f"{across(one):.1f} {up(other):.1f}"
        pieces.append(f"{pen}{place}")
        pen = "L"
        if curve.style == "points":
            px, py = place.split()
            dots.append(f'<circle class="dot c{curve.colour}" cx="{px}" cy="{py}" r="3"/>')
    return f'<path class="{_line_class(curve)}" d="{"".join(pieces)}"/>{"".join(dots)}'


def _line_class(curve: PlotLine) -> str:
    return f"curve {curve.style} c{curve.colour}"
