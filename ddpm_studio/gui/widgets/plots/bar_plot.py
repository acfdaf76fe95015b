"""Bar plot of the loss by timestep: a bar for each bin of 1..T."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot
from ddpm_studio.gui.widgets.plots.timestep_bins import timestep_bin_label

_CORNER = 2.0


class BarPlot(PaintedPlot):
    """Bar plot of one value for each of equal bins of 1..T; NaN leaves a gap."""

    preferred_size = (320, 104)
    follows_pointer = True

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._values: tuple[float, ...] = ()
        self._timesteps = 1000
        self._hovered: int | None = None
        self.setMinimumHeight(72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Loss by timestep"))

    def set_values(self, values: Sequence[float], timesteps: int = 1000) -> None:
        """Show the mean losses in ``len(values)`` equal bins of 1..``timesteps``."""
        self._values, self._timesteps = tuple(values), timesteps
        self.setAccessibleDescription(
            "; ".join(self.bin_text(i) for i, v in enumerate(self._values) if math.isfinite(v))
        )
        self.update()

    def clear(self) -> None:
        """Remove all bars."""
        self.set_values(())

    @property
    def values(self) -> tuple[float, ...]:
        """The values shown, one per bin."""
        return self._values

    def bin_text(self, index: int) -> str:
        """Return the range of t and the loss of a bar, such as ``t 101–200 · loss 0.0312``."""
        value = self._values[index]
        loss = f"{value:.4f}" if math.isfinite(value) else self.tr("none yet")
        part = timestep_bin_label(index, len(self._values), self._timesteps)
        return self.tr("{0} · loss {1}").format(part, loss)

    def index_at(self, x: float) -> int | None:
        """Return the index of the bar at ``x``, in logical pixels; None outside of the bars."""
        return self._index(self.relative_position(QPointF(x, 0)).x())

    def paint(self, painter: QPainter, area: QRectF) -> None:
        """Paint the bars, the base line and the captions."""
        known = [value for value in self._values if math.isfinite(value)]
        if not known:
            text = self.tr("Loss by timestep appears here once training starts")
            self.draw_empty(painter, text, QRectF(self.rect()))
            return
        top = max(max(known), 1e-12)
        pitch = area.width() / len(self._values)
        painter.setPen(Qt.PenStyle.NoPen)
        for index, value in enumerate(self._values):
            if not math.isfinite(value):
                continue
            height = max(1.0, area.height() * max(0.0, value) / top)
            bar = QRectF(area.left() + index * pitch + 1, area.bottom() - height, pitch - 2, height)
            painter.setBrush(current_theme().color("accent"))
            painter.setOpacity(1.0 if self._hovered in (None, index) else 0.5)
            path = QPainterPath()
            path.addRoundedRect(bar.adjusted(0, 0, 0, _CORNER), _CORNER, _CORNER)
            painter.setClipRect(area)
            painter.drawPath(path)
        painter.setClipping(False)
        painter.setOpacity(1)
        self.draw_base_line(painter)
        painter.setPen(current_theme().color("muted"))
        if self._hovered is None:
            highest = self.tr("highest {0}").format(f"{top:.4f}")
            self.draw_captions_above(painter, self.tr("loss by t"), highest)
        else:
            self.draw_captions_above(painter, self.bin_text(self._hovered))
        self.draw_captions_below(painter, "t = 1", f"t = {self._timesteps:,}")

    def on_hover(self, position: QPointF | None) -> None:
        """Highlight the bar under the pointer."""
        index = None if position is None else self._index(position.x())
        if index != self._hovered:
            self._hovered = index
            self.update()

    def event(self, event: QEvent) -> bool:
        """Set the tooltip of the bar under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos().x())
            self.setToolTip("" if index is None else self.bin_text(index))
        return super().event(event)

    def _index(self, fraction: float) -> int | None:
        index = math.floor(fraction * len(self._values))
        return index if 0 <= index < len(self._values) else None
