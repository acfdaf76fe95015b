"""Canvas of the loss plot, drawn with pyqtgraph."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent

from ddpm_studio.backend.rows import Numbers
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import mix
from ddpm_studio.gui.widgets.plots.loss_series import LossSeries, downsample
from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

_PALE = 0.35
_TINY = 1e-8
_PAN, _ZOOM = 0.1, 0.8
# Bins to which a curve is downsampled in the visible range: more than a screen has columns.
_PARTS = 2000
# Percentiles of the raw losses between which the range lies when outliers are hidden.
_INLIER_PERCENTILES = (0.5, 99.5)
_MARGIN = 0.04
_HELD_OUT_SIZE = 5
# Width of a narrow range, in powers of ten.
_NARROW = 0.8
_MIN_TICKS = 5


def _even_step(minimum: float) -> float:
    """Return the smallest tick spacing of 1, 2 or 5 times a power of ten that is ≥ ``minimum``."""
    power = 10.0 ** math.floor(math.log10(minimum))
    return next((n * power for n in (1, 2, 5) if n * power >= minimum), 10 * power)


@dataclass
class _SeriesItems:
    raw: Any
    smooth: Any
    held_out: Any
    series: LossSeries


class _StepAxis(pg.AxisItem):  # type: ignore[misc]
    """Axis with integer tick labels such as 12,400."""

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        return [f"{value:,.0f}" if value >= 0 and value % 1 == 0 else "" for value in values]


class _LossAxis(pg.AxisItem):  # type: ignore[misc]
    """Axis with log-scale ticks at 1, 2 and 5, or evenly spaced ones in a narrow range."""

    def tickValues(
        self, minVal: float, maxVal: float, size: float
    ) -> list[tuple[float, list[float]]]:
        if not self.logMode or maxVal - minVal > _NARROW:
            return super().tickValues(minVal, maxVal, size)  # type: ignore[no-any-return]
        low, high = 10**minVal, 10**maxVal
        step = _even_step((high - low) / _MIN_TICKS)
        ticks = np.arange(math.ceil(low / step), math.floor(high / step) + 1) * step
        return [(maxVal - minVal, np.log10(ticks).tolist())]

    def logTickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:
        low, high = self.range
        if high - low <= _NARROW:
            return [f"{10**value:.4g}" for value in values]
        return [f"{10**value:g}" if f"{10**value:.0e}"[0] in "125" else "" for value in values]


class LossCanvas(QObject):
    """Plot of loss series; ``hovered`` is emitted with the step under the pointer, or None."""

    hovered = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.widget = ThemedPlot({"bottom": _StepAxis("bottom"), "left": _LossAxis("left")})
        self._item = self.widget.getPlotItem()
        self._box = self._item.getViewBox()
        self._log = False
        self._hides_outliers = False
        self._auto_range = True
        self._drawn: dict[str, _SeriesItems] = {}
        self._colours: dict[str, int] = {}
        self._box.setDefaultPadding(0.02)
        self._item.setLabel("bottom", self.tr("step"))
        self._item.setLabel("left", self.tr("loss"))
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._cursor.setVisible(False)
        self._item.addItem(self._cursor, ignoreBounds=True)
        self._dots = pg.ScatterPlotItem(size=7, pxMode=True)
        self._item.addItem(self._dots, ignoreBounds=True)
        self._box.sigRangeChangedManually.connect(self._on_moved_by_hand)
        self._box.sigXRangeChanged.connect(self._on_range)
        self.widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.widget.scene().sigMouseMoved.connect(self._on_moved)
        self.widget.viewport().installEventFilter(self)
        self.widget.installEventFilter(self)
        self.retint()

    def set_colour(self, key: str, index: int) -> None:
        """Set the index of a series in the plot colours."""
        previous = self._colours.get(key)
        self._colours[key] = index
        if key in self._drawn and index != previous:
            self._tint(key, self._drawn[key])

    def draw(self, key: str, series: LossSeries) -> None:
        """Draw or update a series; it is kept and read again when the visible range changes."""
        items = self._drawn.get(key) or self._add(key, series)
        items.series = series
        self._downsample(items)
        self._fit()

    def draw_held_out(self, key: str, steps: Numbers, losses: Numbers) -> None:
        """Draw the held-out losses of a series, with a marker at each; meant for few points."""
        items = self._drawn.get(key)
        if items is not None:
            items.held_out.setData(steps, np.maximum(losses, _TINY) if self._log else losses)

    def remove(self, key: str) -> None:
        """Remove a series from the plot."""
        items = self._drawn.pop(key, None)
        if items is not None:
            self._item.removeItem(items.raw)
            self._item.removeItem(items.smooth)
            self._item.removeItem(items.held_out)
            self._fit()

    def set_log(self, log: bool) -> None:
        """Set whether the loss axis is logarithmic, and reset the view."""
        self._log = log
        self._item.setLogMode(x=False, y=log)
        self.reset_view()

    def set_outliers(self, shown: bool) -> None:
        """Set whether the loss axis includes outliers, and reset the view."""
        self._hides_outliers = not shown
        self.reset_view()

    def reset_view(self) -> None:
        """Reset to the auto-range, which also follows new data."""
        self._auto_range = True
        self._downsample_all()
        self._box.enableAutoRange(x=True, y=True)
        self._fit()

    def mark(self, points: dict[str, tuple[float, float]]) -> None:
        """Set the cursor: a dot at (step, loss) of each series, a line at the last; {} hides it."""
        self._cursor.setVisible(bool(points))
        dots = []
        for key, (step, loss) in points.items():
            y = np.log10(max(loss, _TINY)) if self._log else loss
            colour = current_theme().plot_color(self._colours.get(key, 0))
            dots.append({"pos": (step, y), "brush": colour, "pen": None})
            self._cursor.setPos(step)
        self._dots.setData(dots)

    def retint(self) -> None:
        """Apply the theme's colours."""
        self.widget.retint()
        self._item.getAxis("left").setGrid(120)
        self._cursor.setPen(pg.mkPen(current_theme().tokens.outline, width=1))
        for key, items in self._drawn.items():
            self._tint(key, items)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter: hide the cursor on leave, pan and zoom by keys, reset by double click."""
        if event.type() == QEvent.Type.Leave:
            self.hovered.emit(None)
        elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return watched is self.widget and self._on_key(event.key())
        elif isinstance(event, QMouseEvent) and event.type() == QEvent.Type.MouseButtonDblClick:
            self.reset_view()
            return True
        return False

    def _fit(self) -> None:
        """Exclude outliers from the loss range, if set and the user has not moved the view."""
        if not (self._hides_outliers and self._auto_range):
            return
        bounds = [items.series.bounds for items in self._drawn.values() if len(items.series)]
        if not bounds:
            return
        low = min(np.percentile(minima, _INLIER_PERCENTILES[0]) for minima, _ in bounds)
        high = max(np.percentile(maxima, _INLIER_PERCENTILES[1]) for _, maxima in bounds)
        if self._log:
            low, high = np.log10(max(low, _TINY)), np.log10(max(high, _TINY))
        self._box.setYRange(float(low), float(high), padding=_MARGIN)

    def _downsample(self, items: _SeriesItems) -> None:
        """Downsample a series to its visible range, as pyqtgraph keeps several copies of data."""
        series, part = items.series, slice(None)
        if not self._auto_range:
            first, last = np.searchsorted(series.steps, self._box.viewRange()[0])
            # Include the points next to the range, to which lines lead.
            part = slice(max(0, int(first) - 1), int(last) + 1)
        minima, maxima = series.bounds
        for line, values, bounds in (
            (items.raw, series.losses, (minima[part], maxima[part])),
            (items.smooth, series.smooth, (series.smooth[part], series.smooth[part])),
        ):
            x, y = downsample(series.steps[part], values[part], bounds, _PARTS)
            line.setData(x, np.maximum(y, _TINY) if self._log else y)

    def _downsample_all(self) -> None:
        for items in self._drawn.values():
            self._downsample(items)

    def _on_moved_by_hand(self) -> None:
        # Later changes are reported by sigXRangeChanged.
        if self._auto_range:
            self._auto_range = False
            self._downsample_all()

    def _on_range(self) -> None:
        if not self._auto_range:
            self._downsample_all()

    def _add(self, key: str, series: LossSeries) -> _SeriesItems:
        raw, smooth = self._item.plot(), self._item.plot(antialias=True)
        smooth.setZValue(1)
        held_out = self._item.plot()
        held_out.setZValue(2)
        items = self._drawn[key] = _SeriesItems(raw, smooth, held_out, series)
        self._tint(key, items)
        return items

    def _tint(self, key: str, items: _SeriesItems) -> None:
        # Opaque and one pixel wide: other pens draw hundreds of times slower.
        theme = current_theme()
        colour = theme.plot_color(self._colours.get(key, 0))
        items.raw.setPen(pg.mkPen(mix(colour, theme.tokens.panel, _PALE), width=1))
        items.smooth.setPen(pg.mkPen(colour, width=1))
        items.held_out.setPen(pg.mkPen(colour, width=1))
        items.held_out.setSymbol("o")
        items.held_out.setSymbolSize(_HELD_OUT_SIZE)
        items.held_out.setSymbolPen(pg.mkPen(colour, width=1))
        items.held_out.setSymbolBrush(pg.mkBrush(theme.tokens.panel))

    def _on_moved(self, position: QPointF) -> None:
        is_inside = self._box.sceneBoundingRect().contains(position)
        self.hovered.emit(self._box.mapSceneToView(position).x() if is_inside else None)

    def _on_key(self, key: int) -> bool:
        if key == Qt.Key.Key_Home:
            self.reset_view()
            return True
        (left, right), (low, high) = self._box.viewRange()
        width, height = right - left, high - low
        pans = {
            Qt.Key.Key_Left: (-_PAN * width, 0),
            Qt.Key.Key_Right: (_PAN * width, 0),
            Qt.Key.Key_Up: (0, _PAN * height),
            Qt.Key.Key_Down: (0, -_PAN * height),
        }
        if key in pans:
            x, y = pans[Qt.Key(key)]
            self._box.translateBy(x=x, y=y)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self._box.scaleBy((_ZOOM, _ZOOM))
        elif key == Qt.Key.Key_Minus:
            self._box.scaleBy((1 / _ZOOM, 1 / _ZOOM))
        else:
            return False
        self._box.disableAutoRange()
        self._on_moved_by_hand()
        return True
