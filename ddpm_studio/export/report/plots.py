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
        low, high, position = self.low, self.high, value
        if self.log:
            low, high, position = math.log10(low), math.log10(high), math.log10(value)
        return self._start + (position - low) / (high - low) * (self._end - self._start)

    def ticks(self) -> list[float]:
        """Return the values of the ticks."""
        if not self.log:
            count = round((self.high - self.low) / self.step)
            return [self.low + k * self.step for k in range(count + 1)]
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        candidates = [k * 10.0**power for power in range(first, last + 1) for k in (1, 2, 5)]
        candidates = [
            value for value in candidates if self.low * 0.999 <= value <= self.high * 1.001
        ]
        if len(candidates) <= _MAX_TICKS:
            return candidates
        power_step = math.ceil((last - first) / _MAX_DECADES)
        powers = [10.0**power for power in range(first, last + 1, power_step)]
        return [value for value in powers if self.low * 0.999 <= value <= self.high * 1.001]


def round_step(span: float, count: int) -> float:
    """Return a round tick step, 1, 2 or 5 · 10ⁿ, of which at most ``count`` make up the span."""
    min_step = span / count
    power = 10.0 ** math.floor(math.log10(min_step))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= min_step * (1 - 1e-9))


def tick_text(value: float) -> str:
    """Format a tick's value: 0.002, 1,000, 10⁻⁴."""
    if value and abs(value) < 1e-3:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        factor = value / 10.0**power
        prefix = "" if math.isclose(factor, 1) else f"{factor:.3g}·"
        return f"{prefix}10{str(power).translate(str.maketrans('-0123456789', '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'))}"
    text = f"{value:.10f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:.3g}"
    integer_part, dot, decimals = text.partition(".")
    return (
        f"{int(integer_part):,}"
        if integer_part.lstrip("-").isdigit() and abs(value) >= 1
        else integer_part
    ) + (dot + decimals)


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
    visible = [_visible_points(curve, x.log, y.log) for curve in curves]
    x_values = np.concatenate([values[~np.isnan(values)] for values, _ in visible])
    y_values = np.concatenate([values[~np.isnan(values)] for _, values in visible])
    if not len(x_values):
        raise ValueError("there is nothing to draw")
    labelled = [curve for curve in curves if curve.label]
    top = _TOP + (16 if labelled else 0)
    y_scale = Scale(y_values.min(), y_values.max(), y.log, height - _BOTTOM, top)
    y_ticks = [(tick, tick_text(tick)) for tick in y_scale.ticks()]
    left = 12 + _CHARACTER_WIDTH * max(len(text) for _, text in y_ticks)
    x_scale = _tight_scale(x_values, x.log, left, width - _RIGHT)
    parts = [
        *_y_axis(y_scale, y_ticks, left, width),
        *_x_axis(x_scale, height),
        _label(x, (left + width - _RIGHT) / 2, height - 6, "middle"),
        _label(y, 2, 13, "start"),
        *_legend(labelled, left, width),
        *(
            _line(curve, x_scale, y_scale, *points)
            for curve, points in zip(curves, visible, strict=True)
        ),
    ]
    return Html(
        f'<svg class="plot" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{html.escape(title, quote=True)}">{"".join(parts)}</svg>'
    )


def _visible_points(curve: PlotLine, log_x: bool, log_y: bool) -> tuple[Values, Values]:
    """Return a curve's points, downsampled if many, with NaN for those that can't be shown."""
    x, y = np.array(curve.x, np.float64), np.array(curve.y, np.float64)
    with np.errstate(invalid="ignore"):
        invalid = ~np.isfinite(x) | ~np.isfinite(y) | (log_x & (x <= 0)) | (log_y & (y <= 0))
    x[invalid] = y[invalid] = np.nan
    if len(x) <= _MAX_POINTS:
        return x, y
    # Keep minimum and maximum of each segment, so that no peak is lost.
    indices: set[int] = {0, len(x) - 1}
    for segment in np.array_split(np.arange(len(x)), _MAX_POINTS // 2):
        if not np.isnan(y[segment]).all():
            indices |= {
                int(segment[np.nanargmin(y[segment])]),
                int(segment[np.nanargmax(y[segment])]),
            }
    ordered = sorted(indices)
    return x[ordered], y[ordered]


def _round_down(value: float) -> float:
    """Round down to 1, 2 or 5 · 10ⁿ."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    return max(power * k for k in (1, 2, 5) if power * k <= value * (1 + 1e-9))


def _round_up(value: float, low: float) -> float:
    """Round up to 1, 2 or 5 · 10ⁿ; if the result is not above ``low``, return 10 · ``low``."""
    power = 10.0 ** math.floor(math.log10(value) + 1e-9)
    rounded = min(power * k for k in (1, 2, 5, 10) if power * k >= value * (1 - 1e-9))
    return rounded if rounded > low else 10 * low


def _tight_scale(values: Values, log: bool, start: float, end: float) -> Scale:
    """Return a scale that spans exactly the data if linear, without margins at the sides."""
    scale = Scale(values.min(), values.max(), log, start, end)
    if not log and values.max() > values.min():
        scale.low, scale.high = float(values.min()), float(values.max())
    return scale


def _y_axis(scale: Scale, y_ticks: list[tuple[float, str]], left: float, width: int) -> list[str]:
    parts = []
    for tick, text in y_ticks:
        y = f"{scale(tick):.1f}"
        parts.append(f'<path class="grid" d="M{left:.1f} {y}H{width - _RIGHT}"/>')
        parts.append(
            f'<text x="{left - 5:.1f}" y="{scale(tick) + 3.5:.1f}" text-anchor="end">{text}</text>'
        )
    return parts


def _x_axis(scale: Scale, height: int) -> list[str]:
    if scale.log:
        ticks = scale.ticks()
    else:
        step = round_step(scale.high - scale.low, _TICKS)
        first = math.ceil(scale.low / step - 1e-9)
        ticks = [k * step for k in range(first, math.floor(scale.high / step + 1e-9) + 1)]
    baseline = height - _BOTTOM
    return [
        f'<path class="axis" d="M{scale(tick):.1f} {baseline}v4"/>'
        f'<text x="{scale(tick):.1f}" y="{baseline + 16}" text-anchor="middle">'
        f"{tick_text(tick)}</text>"
        for tick in ticks
    ]


def _label(axis: Axis, x: float, y: float, anchor: str) -> str:
    return (
        f'<text class="label" x="{x:.1f}" y="{y}" text-anchor="{anchor}">'
        f"{svg_prose(axis.label)}</text>"
    )


def _legend(labelled: Sequence[PlotLine], left: float, width: int) -> list[str]:
    parts, x = [], left
    for curve in labelled:
        text = html.escape(curve.label)
        parts.append(
            f'<path class="{_line_class(curve)}" d="M{x:.1f} 28h16"/>'
            f'<text x="{x + 20:.1f}" y="32">{text}</text>'
        )
        x += 20 + _CHARACTER_WIDTH * len(curve.label) + 2 * _GAP
    return parts


def _line(curve: PlotLine, x_scale: Scale, y_scale: Scale, x: Values, y: Values) -> str:
    pieces: list[str] = []
    dots: list[str] = []
    command = "M"
    for x_value, y_value in zip(x.tolist(), y.tolist(), strict=True):
        if math.isnan(x_value):
            command = "M"
            continue
        point = f"{x_scale(x_value):.1f} {y_scale(y_value):.1f}"
        pieces.append(f"{command}{point}")
        command = "L"
        if curve.style == "points":
            px, py = point.split()
            dots.append(f'<circle class="dot c{curve.colour}" cx="{px}" cy="{py}" r="3"/>')
    return f'<path class="{_line_class(curve)}" d="{"".join(pieces)}"/>{"".join(dots)}'


def _line_class(curve: PlotLine) -> str:
    return f"curve {curve.style} c{curve.colour}"
