"""Small line plot for explanations: few curves and a mark, described to screen readers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S, mix
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot, area_below, polyline

Values = npt.NDArray[np.float64]

_LEFT = 44
# The upper tick label is below its line: above it is the legend.
_TOP_TICK, _BOTTOM_TICK = -3, -8
# More points would fall on the same pixels.
_MAX_POINTS = 240
_TINY = 1e-12
_PALE = 0.3


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve of a :class:`CurveView`.

    Args:
        key: the symbol that it shows, or "".
        title: its name in the legend above the plot.
        x: ascending, shape (K,).
        y: shape (K,).
        colour: index of a plot colour.
        filled: whether the area below it is tinted.
    """

    key: str
    title: str
    x: Values
    y: Values
    colour: int = 0
    filled: bool = False


class CurveView(PaintedPlot):
    """Line plot of a few curves over a common x axis, with a mark at one x.

    A press or drag, the arrows, Page Up, Page Down, Home and End choose another x: ``moved``
    carries it as a whole number, for the owner to set the mark. A view without one is read-only.

    Args:
        title: what is shown, for assistive tools.
        log: which axes are logarithmic: "", "x", "y" or "xy".
        numbers: formats a value; :func:`short` if None.
        parent: the owner.
    """

    moved = Signal(int)

    margins = (_LEFT, 24, 10, 20)
    preferred_size = (200, 130)
    draggable = True

    def __init__(
        self,
        title: str,
        log: str = "",
        numbers: Callable[[float], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._log = log
        self._numbers = numbers or short
        self._curves: list[Curve] = []
        self._mark: float | None = None
        self._highlighted = ""
        self._x_labels: tuple[str, str] | None = None
        self._range: tuple[float, float, float, float] = (0, 1, 0, 1)
        self._low: float | None = None
        self.setMinimumSize(120, 80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def curves(self) -> list[Curve]:
        """The curves shown."""
        return self._curves

    @property
    def mark(self) -> float | None:
        """The x that is marked, or None."""
        return self._mark

    def set_curves(
        self,
        curves: Sequence[Curve],
        x_labels: tuple[str, str] | None = None,
        low: float | None = None,
    ) -> None:
        """Replace the curves shown.

        Args:
            curves: what to show; NaN and, on a logarithmic y axis, values not above 0 are left out.
            x_labels: labels of both ends of the x axis; their values if None.
            low: lower end of the y axis (log₁₀ on a logarithmic one); that of the curves if None.
        """
        self._curves, self._x_labels, self._low = list(curves), x_labels, low
        self._range = self._find_range()
        self._describe()
        self.update()

    def set_mark(self, x: float | None) -> None:
        """Mark another x, or none, without emitting ``moved``."""
        if x != self._mark:
            self._mark = x
            focus_policy = Qt.FocusPolicy.StrongFocus if x is not None else Qt.FocusPolicy.NoFocus
            self.setFocusPolicy(focus_policy)
            self.setCursor(
                Qt.CursorShape.SizeHorCursor if x is not None else Qt.CursorShape.ArrowCursor
            )
            self._describe()
            self.update()

    def highlight(self, key: str) -> bool:
        """Highlight the curve of a symbol, or none; return whether there is such a curve."""
        found = any(curve.key == key for curve in self._curves) and key != ""
        self._highlighted = key if found else ""
        self.update()
        return found

    def value_at(self, curve: Curve, x: float) -> float:
        """Return the curve's y at its nearest x; NaN for an empty curve."""
        if len(curve.x) == 0:
            return math.nan
        return float(curve.y[int(np.abs(curve.x - x).argmin())])

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Draw the axes, the curves, the mark and the legend."""
        self.draw_base_line(painter)
        self._write_axes(painter, area)
        painter.save()
        painter.setClipRect(area.adjusted(-2, -3, 2, 3))
        for curve in self._curves:
            self._draw_curve(painter, curve)
        painter.restore()
        self._mark_curves(painter)
        self._write_titles(painter)
        if self.hasFocus():
            painter.setPen(QPen(current_theme().color("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)

    def on_drag(self, x: float) -> None:
        """Emit ``moved`` for a drag to a fraction in [0, 1] of the x axis, from the left."""
        if self._mark is not None and self._curves:
            left, right, *_ = self._range
            scaled = left + x * (right - left)
            self._announce(10**scaled if "x" in self._log else scaled)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit ``moved`` for a step of 1, of a tenth of the range, or to an end."""
        if self._mark is None or not self._curves:
            super().keyPressEvent(event)
            return
        first, last = self._x_limits()
        page = max(1, round((last - first) / 10))
        steps = {
            Qt.Key.Key_Left: self._mark - 1,
            Qt.Key.Key_Right: self._mark + 1,
            Qt.Key.Key_PageUp: self._mark + page,
            Qt.Key.Key_PageDown: self._mark - page,
            Qt.Key.Key_Home: first,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps:
            self._announce(steps[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def _x_limits(self) -> tuple[float, float]:
        """Return the first and the last x of all curves."""
        xs = [curve.x for curve in self._curves if len(curve.x)]
        if not xs:
            return 0.0, 1.0
        return min(float(x[0]) for x in xs), max(float(x[-1]) for x in xs)

    def _find_range(self) -> tuple[float, float, float, float]:
        """Return left, right, bottom and top; their log₁₀ where an axis is logarithmic."""
        left, right = self._x_limits()
        if "x" in self._log:
            left, right = math.log10(max(left, _TINY)), math.log10(max(right, _TINY))
        values = [self._scaled(curve)[1] for curve in self._curves]
        values = [y[np.isfinite(y)] for y in values]
        values = [y for y in values if len(y)]
        low = min((float(y.min()) for y in values), default=0.0)
        top = max((float(y.max()) for y in values), default=1.0)
        if self._low is not None:
            low = self._low
        if top <= low:
            low, top = low - 0.5, low + 0.5
        return left, right if right > left else left + 1, low, top

    def _scaled(self, curve: Curve) -> tuple[Values, Values]:
        x, y = curve.x, curve.y
        if len(x) > _MAX_POINTS:
            indices = np.linspace(0, len(x) - 1, _MAX_POINTS).round().astype(int)
            if "x" in self._log:
                log_spaced = np.geomspace(1, len(x), _MAX_POINTS).round().astype(int) - 1
                indices = np.unique(log_spaced)
            x, y = x[indices], y[indices]
        with np.errstate(divide="ignore", invalid="ignore"):
            if "x" in self._log:
                x = np.log10(np.maximum(x, _TINY))
            if "y" in self._log:
                y = np.where(y > _TINY, np.log10(np.maximum(y, _TINY)), np.nan)
        return x, y

    def _points(self, curve: Curve) -> QPolygonF:
        x, y = self._scaled(curve)
        is_finite = np.isfinite(y)
        left, right, low, top = self._range
        x_pixels = self.x_of((x[is_finite] - left) / (right - left))
        return polyline(x_pixels, self.y_of((y[is_finite] - low) / (top - low)))

    def _colour_of(self, curve: Curve) -> QColor:
        theme = current_theme()
        colour = theme.plot_color(curve.colour)
        if self._highlighted and curve.key != self._highlighted:
            colour = mix(colour, theme.tokens.panel, _PALE)
        return QColor(colour)

    def _draw_curve(self, painter: QPainter, curve: Curve) -> None:
        points = self._points(curve)
        if points.isEmpty():
            return
        colour = self._colour_of(curve)
        if curve.filled:
            tint = QColor(colour)
            tint.setAlphaF(0.22)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tint)
            painter.drawPolygon(area_below(points, self.area().bottom()))
        line_width = 2.6 if self._highlighted and curve.key == self._highlighted else 1.8
        painter.setPen(QPen(colour, line_width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)

    def _mark_curves(self, painter: QPainter) -> None:
        if self._mark is None or not self._curves:
            return
        theme = current_theme()
        x = self._pixel_x(self._mark)
        self.draw_mark(painter, x, theme.color("outline"))
        _, _, low, top = self._range
        painter.setPen(QPen(theme.color("panel"), 1.5))
        for curve in self._curves:
            value = self.value_at(curve, self._mark)
            if "y" in self._log:
                value = math.log10(value) if value > _TINY else math.nan
            if math.isfinite(value):
                y = self.y_of((value - low) / (top - low))
                painter.setBrush(self._colour_of(curve))
                painter.drawEllipse(QPointF(x, y), 4.5, 4.5)

    def _pixel_x(self, x: float) -> float:
        left, right, *_ = self._range
        scaled = math.log10(max(x, _TINY)) if "x" in self._log else x
        return self.x_of(min(max((scaled - left) / (right - left), 0.0), 1.0))

    def _write_axes(self, painter: QPainter, area: QRectF) -> None:
        theme = current_theme()
        painter.setPen(theme.color("muted"))
        right = Qt.AlignmentFlag.AlignRight
        _, _, low, top = self._range
        ticks = ((area.top() + _TOP_TICK, top), (area.bottom() + _BOTTOM_TICK, low))
        for y, value in ticks:
            number = 10**value if "y" in self._log else value
            box = QRectF(0, y, _LEFT - SPACE_S, 16)
            painter.drawText(box, right | Qt.AlignmentFlag.AlignVCenter, _tick(number))
        first, last = self._x_limits()
        x_labels = self._x_labels or (short(first), short(last))
        self.draw_captions_below(painter, *x_labels)

    def _write_titles(self, painter: QPainter) -> None:
        """Draw the legend: a swatch and a title for each curve, with its value at the mark."""
        theme = current_theme()
        metrics = QFontMetricsF(painter.font())
        x = float(SPACE_S)
        for curve in self._curves:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._colour_of(curve))
            painter.drawRoundedRect(QRectF(x, 7, 8, 8), 2, 2)
            title = self._title(curve)
            painter.setPen(theme.color("text"))
            text_rect = QRectF(x + 12, 2, self.width() - x - 12, 18)
            elided = metrics.elidedText(title, Qt.TextElideMode.ElideRight, text_rect.width())
            painter.drawText(text_rect, Qt.AlignmentFlag.AlignVCenter, elided)
            x += 12 + metrics.horizontalAdvance(title) + SPACE_M + SPACE_S

    def _title(self, curve: Curve) -> str:
        if self._mark is None:
            return curve.title
        value = self.value_at(curve, self._mark)
        return f"{curve.title} {self._numbers(value)}" if math.isfinite(value) else curve.title

    def _announce(self, x: float) -> None:
        first, last = self._x_limits()
        self.moved.emit(round(min(max(x, first), last)))

    def _describe(self) -> None:
        description = "; ".join(self._title(curve) for curve in self._curves)
        position = "" if self._mark is None else f"{self._mark:g}: "
        self.setAccessibleDescription(position + description)


def short(value: float) -> str:
    """Format a number in at most about six characters."""
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "–"
    if value < 0:
        return f"−{short(-value)}"
    if value >= 1e4:
        return f"{value:.0e}".replace("e+0", "e").replace("e+", "e")
    if value >= 100:
        return f"{value:,.0f}"
    if value < 1e-3:
        return f"{value:.1e}".replace(".0e", "e").replace("e-0", "e−").replace("e-", "e−")
    return f"{value:.3g}"


def two_decimals(value: float) -> str:
    """Format a number to two decimal places."""
    return f"{value:.2f}"


def _tick(value: float) -> str:
    """Format the label of an end of the y axis to two significant digits: there is little room."""
    return short(float(f"{value:.2g}"))
