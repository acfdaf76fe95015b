"""Heat map of the loss by timestep over a training."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.backend.rows import Numbers
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.plots.painted_plot import CAPTION
from ddpm_studio.gui.widgets.plots.step_plot import StepPlot
from ddpm_studio.gui.widgets.plots.timestep_bins import timestep_bin_label

COLUMNS = 240
_SCALE_WIDTH, _SCALE_ROOM = 8, 52
_TINY = 1e-8
_CLIPPED = 2.0
_FEWEST, _FULL = 16, 0.97


def bin_by_step(steps: Numbers, rows: Numbers, last: float, columns: int) -> Numbers:
    """Bin rows by step: means of ``rows`` (M, B) in ``columns`` equal bins of 0..``last``.

    A row covers the steps since the row before it, so a bin in which no row ends takes the next
    row. NaN values are ignored in the means; bins without values are NaN.

    Args:
        steps: last step of each row, ascending, shape (M,).
        rows: values, shape (M, B).
        last: the end of the last bin.
        columns: number of bins.

    Returns:
        The means, shape (columns, B).
    """
    edges = np.linspace(0, last, columns + 1)
    starts = np.searchsorted(steps, edges[:-1], side="right")
    ends = np.maximum(np.searchsorted(steps, edges[1:], side="right"), starts + 1)
    known = np.isfinite(rows)
    zero = np.zeros((1, rows.shape[1]))
    sums = np.concatenate([zero, np.cumsum(np.where(known, rows, 0), axis=0)])
    counts = np.concatenate([zero, np.cumsum(known, axis=0)])
    starts, ends = np.minimum(starts, len(steps)), np.minimum(ends, len(steps))
    count = counts[ends] - counts[starts]
    means: Numbers = (sums[ends] - sums[starts]) / np.maximum(count, 1)
    means[count == 0] = np.nan
    return means


class HeatMap(StepPlot):
    """Heat map of the loss: steps on the x axis, t on the y axis, colours on a log scale."""

    preferred_size = (360, 128)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self._steps: Numbers = np.empty(0)
        self._rows: Numbers = np.empty((0, 1))
        self._timesteps = 1000
        self._map: Numbers = np.empty((0, 1))
        self._image: QImage | None = None
        self._row: int | None = None
        self.setMinimumSize(200, 108)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def set_rows(self, steps: Numbers, rows: Numbers, timesteps: int, last: float) -> None:
        """Show mean losses (M, B) by steps (M,) up to ``last``, in B bins of 1..``timesteps``."""
        self._steps, self._rows, self._timesteps = steps, rows, timesteps
        self.last = max(1.0, last)
        columns = min(COLUMNS, max(1, int(self.last)))
        self._map = bin_by_step(steps, rows, self.last, columns)
        # Small batches leave many bins of t empty in each row: widen the columns until they fill.
        # Bins that never have values, such as those that contain no t if T is small, don't count.
        has_values = np.isfinite(rows).any(axis=0)
        while (
            columns > _FEWEST
            and has_values.any()
            and np.isfinite(self._map[:, has_values]).mean() < _FULL
        ):
            columns = max(_FEWEST, columns * 2 // 3)
            self._map = bin_by_step(steps, rows, self.last, columns)
        self._image = self._colour() if np.isfinite(self._map).any() else None
        self.setAccessibleDescription(
            ""
            if self._image is None
            else self.tr("Loss from {0} to {1}").format(*self._range_labels())
        )
        self.update()

    @property
    def map(self) -> Numbers:
        """The values shown, shape (columns, B), NaN where there are none."""
        return self._map

    def bin_text(self, step: float, row: int) -> str:
        """Return the text of a cell, such as ``t 51–100 · loss 0.0312``."""
        column = min(int(step / self.last * len(self._map)), len(self._map) - 1)
        value = float(self._map[column, row])
        loss = f"{value:.4f}" if np.isfinite(value) else self.tr("none")
        part = timestep_bin_label(row, self._map.shape[1], self._timesteps)
        return self.tr("{0} · loss {1}").format(part, loss)

    def area(self) -> QRectF:
        """Return the field, with room for the colour scale on the right."""
        return super().area().adjusted(0, 0, -_SCALE_ROOM, 0)

    def on_hover(self, position: QPointF | None) -> None:
        """Move the cursor to the step and the bin of t under the pointer."""
        row = None
        if position is not None and 0 <= position.y() < 1:
            row = int(position.y() * self._map.shape[1])
        if row != self._row:
            self._row = row
            self.update()
        super().on_hover(position)

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint the map, its colour scale, the captions and the cursor."""
        step, row = self.cursor_step, self._row
        has_value = self._image is not None and step is not None and row is not None
        value = (
            self.bin_text(step, row) if has_value and step is not None and row is not None else ""
        )
        self.paint_captions(painter, value, emphasised=True)
        if self._image is None:
            self.draw_empty(painter, self.tr("Appears here as the network trains"))
            return
        painter.drawImage(area, self._image)
        self._paint_scale(painter, area)
        if row is not None:
            height = area.height() / self._map.shape[1]
            top = area.bottom() - (row + 1) * height
            painter.setPen(QPen(current_theme().color("text"), 1))
            painter.drawRect(QRectF(area.left(), top, area.width(), height))
        self.paint_cursor(painter)

    def _range_labels(self) -> tuple[str, str]:
        low, high = self._range()
        return f"{low:.2g}", f"{high:.2g}"

    def _range(self) -> tuple[float, float]:
        known = np.maximum(self._map[np.isfinite(self._map)], _TINY)
        low, high = np.percentile(known, [_CLIPPED, 100 - _CLIPPED])
        return float(low), float(max(high, low * 1.01))

    def _colour(self) -> QImage:
        low, high = self._range()
        known = np.isfinite(self._map)
        log_ratio = np.log(np.maximum(np.where(known, self._map, low), _TINY) / low)
        fractions = np.clip(log_ratio / np.log(high / low), 0, 1)
        table = _viridis_table()
        pixels = table[np.round(fractions * (len(table) - 1)).astype(int)]
        pixels = np.concatenate([pixels, np.where(known, 255, 0)[..., None]], axis=2)
        # Steps to the right, t = 1 at the bottom.
        rotated = np.ascontiguousarray(pixels.astype(np.uint8).transpose(1, 0, 2)[::-1])
        height, width = rotated.shape[:2]
        image = QImage(rotated.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        return image.copy()

    def _paint_scale(self, painter: QPainter, area: QRectF) -> None:
        table = _viridis_table()[::-1]
        column = np.ascontiguousarray(
            np.concatenate([table, np.full((len(table), 1), 255)], axis=1).astype(np.uint8)
        )
        image = QImage(column.data, 1, len(column), 4, QImage.Format.Format_RGBA8888).copy()
        scale_rect = QRectF(area.right() + SPACE_M, area.top(), _SCALE_WIDTH, area.height())
        painter.drawImage(scale_rect, image)
        painter.setPen(current_theme().color("muted"))
        low, high = self._range_labels()
        left = scale_rect.right() + SPACE_S
        size = QSize(_SCALE_ROOM - _SCALE_WIDTH - SPACE_S, CAPTION).toTuple()
        for text, top in ((high, scale_rect.top() - 2), (low, scale_rect.bottom() - CAPTION + 2)):
            label_rect = QRectF(QPointF(left, top), QPointF(left + size[0], top + size[1]))
            painter.drawText(
                label_rect, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text
            )
        caption_rect = QRectF(area.left() + 24, area.bottom() + 3, area.width() - 120, CAPTION)
        metrics = painter.fontMetrics()
        for template in (self.tr("t = 1 below, {0} above"), self.tr("t = 1 to {0}")):
            text = template.format(f"{self._timesteps:,}")
            if metrics.horizontalAdvance(text) <= caption_rect.width():
                painter.drawText(caption_rect, Qt.AlignmentFlag.AlignHCenter, text)
                break


@cache
def _viridis_table() -> npt.NDArray[np.uint8]:
    """Return the viridis colour map, perceptually uniform, dark to bright, uint8 (256, 3)."""
    from pyqtgraph import colormap

    table: npt.NDArray[np.uint8] = colormap.get("viridis").getLookupTable(0, 1, 256)[:, :3]
    return table
