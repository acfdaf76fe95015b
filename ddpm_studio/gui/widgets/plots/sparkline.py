"""Sparkline over the steps of a training, of one run or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.backend.rows import Numbers
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.plots.painted_plot import polyline
from ddpm_studio.gui.widgets.plots.step_plot import StepPlot

_CLIPPED = 1.0
# Opacity of the background behind texts that are drawn over a curve.
_BACKGROUND_ALPHA = 0.85


@dataclass(frozen=True, eq=False)
class StepSeries:
    """Values (N,) by ascending steps (N,), NaN where there are none; ``colour`` is an index into
    the plot colours."""

    colour: int
    steps: Numbers
    values: Numbers


class Sparkline(StepPlot):
    """Sparkline of one or several series by step; the first one's value is shown above.

    Args:
        title: title of the plot.
        format_value: formats a value with its unit.
        top: upper end of the range; None: from the values, without outliers.
        from_zero: whether the range begins at 0.
        parent: the owner.
    """

    preferred_size = (180, 80)

    def __init__(
        self,
        title: str,
        format_value: Callable[[float], str],
        top: float | None = None,
        from_zero: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._format_value, self._top, self._from_zero = format_value, top, from_zero
        self._series: tuple[StepSeries, ...] = ()
        self.range = (0.0, 1.0)
        self.setMinimumSize(108, 80)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_series(self, series: Sequence[StepSeries], last: float) -> None:
        """Set the series, on an axis of the steps 0..``last``."""
        self._series = tuple(
            # Without NaN, refer to the record's own rows, to save the memory of copies.
            entry
            if known.all()
            else StepSeries(entry.colour, entry.steps[known], entry.values[known])
            for entry in series
            if (known := np.isfinite(entry.values)).any()
        )
        self.last = max(1.0, last)
        self.range = self._fit()
        self.setAccessibleDescription(self._value(None))
        self.update()

    @property
    def is_empty(self) -> bool:
        """Whether no run has recorded values."""
        return not self._series

    def value_at(self, step: float | None) -> float | None:
        """Return the first series' value at the nearest step (None: the last); None if empty."""
        if not self._series:
            return None
        first = self._series[0]
        index = len(first.steps) - 1
        if step is not None:
            index = min(int(np.searchsorted(first.steps, step)), index)
            if index and step - first.steps[index - 1] < first.steps[index] - step:
                index -= 1
        return float(first.values[index])

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint the captions, the base line, the curves and the cursor."""
        self.paint_captions(
            painter, self._value(self.cursor_step), emphasised=self.cursor_step is not None
        )
        if not self._series:
            self.draw_empty(painter, self.tr("not recorded"))
            return
        self.draw_base_line(painter)
        painter.setClipRect(area.adjusted(-1, -1, 1, 1))
        for series in reversed(self._series):
            painter.setPen(QPen(QColor(current_theme().plot_color(series.colour)), 1))
            painter.drawPolyline(self._line(series))
        painter.setClipping(False)
        self._paint_range(painter)
        self.paint_cursor(painter)

    def range_labels(self) -> tuple[str, str]:
        """Return the labels of the lower and the upper end of the range."""
        low, high = self.range
        return self._format_value(low), self._format_value(high)

    def _paint_range(self, painter: QPainter) -> None:
        """Draw the labels of the range's ends, at the left of the field.

        They get a background, as they would be unreadable over a curve.
        """
        area = self.area().adjusted(2, 0, 0, -1)
        background = QColor(current_theme().color("ground"))
        background.setAlphaF(_BACKGROUND_ALPHA)
        left = Qt.AlignmentFlag.AlignLeft
        labels = zip(
            self.range_labels(),
            (Qt.AlignmentFlag.AlignBottom, Qt.AlignmentFlag.AlignTop),
            strict=True,
        )
        for text, edge in labels:
            text_rect = painter.boundingRect(area, left | edge, text)
            painter.fillRect(text_rect.adjusted(-2, 0, 2, 0), background)
            painter.setPen(current_theme().color("muted"))
            painter.drawText(area, left | edge, text)

    def _value(self, step: float | None) -> str:
        value = self.value_at(step)
        return "" if value is None else self._format_value(value)

    def _fit(self) -> tuple[float, float]:
        if not self._series:
            return 0.0, 1.0
        low = 0.0 if self._from_zero else np.inf
        high = -np.inf
        for series in self._series:
            below, above = np.percentile(series.values, [_CLIPPED, 100 - _CLIPPED])
            low, high = min(low, float(below)), max(high, float(above))
        high = high if self._top is None else self._top
        margin = 0.05 * (high - low) or max(abs(high), 1e-12) * 0.05
        return (low if self._from_zero else low - margin), high + margin

    def _line(self, series: StepSeries) -> QPolygonF:
        """Return the curve in pixels, reduced to first, minimum, maximum and last per column."""
        low, high = self.range
        x = self.x_of(series.steps / self.last)
        y = self.y_of((series.values - low) / (high - low))
        if len(x) > 2 * self.area().width():
            columns = np.floor(x)
            starts = np.flatnonzero(np.diff(columns, prepend=-1.0))
            ends = np.append(starts[1:], len(x)) - 1
            parts = (y[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts))
            y = np.stack([*parts, y[ends]], axis=1).ravel()
            x = np.repeat(columns[starts], 4)
        if len(x) == 1:
            x, y = np.array([x[0] - 1, x[0] + 1]), np.repeat(y, 2)
        return polyline(x, np.clip(y, -1e4, 1e4))
