"""The loss by timestep: a bar for each part of 1..T."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S

_CAPTION = 16
_CORNER = 2.0


class BarPlot(QWidget):
    """Shows one bar for each of equally wide parts of 1..T; NaN leaves a gap."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: tuple[float, ...] = ()
        self._timesteps = 1000
        self._hovered: int | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(72)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Loss by timestep"))
        current_theme().changed.connect(self.update)

    def set_values(self, values: Sequence[float], timesteps: int = 1000) -> None:
        """Show the mean loss in ``len(values)`` parts of 1..``timesteps``."""
        self._values, self._timesteps = tuple(values), timesteps
        self.setAccessibleDescription(
            "; ".join(self.words(i) for i, v in enumerate(self._values) if math.isfinite(v))
        )
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self.set_values(())

    @property
    def values(self) -> tuple[float, ...]:
        """What is shown."""
        return self._values

    def words(self, index: int) -> str:
        """Return the range of t and the loss of a bar, such as ``t 101–200 · loss 0.0312``."""
        count, last = len(self._values), self._timesteps
        first = index * last // count + 1
        value = self._values[index]
        loss = f"{value:.4f}" if math.isfinite(value) else self.tr("none yet")
        return self.tr("t {0}–{1} · loss {2}").format(
            f"{first:,}", f"{(index + 1) * last // count:,}", loss
        )

    def index_at(self, x: float) -> int | None:
        """Return the bar at a horizontal place, or None."""
        if not self._values:
            return None
        area = self._area()
        index = int((x - area.left()) // (area.width() / len(self._values)))
        return index if 0 <= index < len(self._values) else None

    def sizeHint(self) -> QSize:
        """Ask for a low field."""
        return QSize(320, 104)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the bars, a base line and what stands at its ends."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(body_font(FONT_CAPTION))
        area = self._area()
        known = [value for value in self._values if math.isfinite(value)]
        if not known:
            painter.setPen(theme.color("muted"))
            text = self.tr("Loss by timestep appears here once training starts")
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, text)
            painter.end()
            return
        top = max(max(known), 1e-12)
        pitch = area.width() / len(self._values)
        painter.setPen(Qt.PenStyle.NoPen)
        for index, value in enumerate(self._values):
            if not math.isfinite(value):
                continue
            height = max(1.0, area.height() * max(0.0, value) / top)
            bar = QRectF(area.left() + index * pitch + 1, area.bottom() - height, pitch - 2, height)
            painter.setBrush(theme.color("accent"))
            painter.setOpacity(1.0 if self._hovered in (None, index) else 0.5)
            path = QPainterPath()
            path.addRoundedRect(bar.adjusted(0, 0, 0, _CORNER), _CORNER, _CORNER)
            painter.setClipRect(area)
            painter.drawPath(path)
        painter.setClipping(False)
        painter.setOpacity(1)
        painter.setPen(theme.color("line"))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        self._write(painter, area, top)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Light up the bar below the pointer."""
        self._hover(self.index_at(event.position().x()))

    def leaveEvent(self, event: QEvent) -> None:
        """Light up none."""
        self._hover(None)

    def event(self, event: QEvent) -> bool:
        """Say what a bar stands for."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            index = self.index_at(event.pos().x())
            self.setToolTip("" if index is None else self.words(index))
        return super().event(event)

    def _area(self) -> QRectF:
        return QRectF(self.rect()).adjusted(
            SPACE_M, _CAPTION + SPACE_S, -SPACE_M, -_CAPTION - SPACE_S
        )

    def _write(self, painter: QPainter, area: QRectF, top: float) -> None:
        painter.setPen(current_theme().color("muted"))
        above = QRectF(area.left(), 0, area.width(), _CAPTION)
        below = QRectF(area.left(), area.bottom() + 3, area.width(), _CAPTION)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        if self._hovered is None:
            painter.drawText(above, left, self.tr("loss by t"))
            painter.drawText(above, right, self.tr("highest {0}").format(f"{top:.4f}"))
        else:
            painter.drawText(above, left, self.words(self._hovered))
        painter.drawText(below, left, "t = 1")
        painter.drawText(below, right, f"t = {self._timesteps:,}")

    def _hover(self, index: int | None) -> None:
        if index != self._hovered:
            self._hovered = index
            self.update()
