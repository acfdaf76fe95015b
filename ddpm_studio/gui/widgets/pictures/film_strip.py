"""Film strip: a process or a path as a row of frames, with scrubbing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.platform.images import Pictures, band_selection, to_image
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.grid_painter import paint_frame

_CAPTION = 18
_MARKER = 8
_FEWEST_EVEN = 3


class FilmStrip(QWidget):
    """Row of frames, as many as fit, evenly spaced in the sequence, the current one framed.

    A click or drag scrubs; so do the arrows (one frame), Page up and down (a tenth), Home and
    End. Frames that are not available yet are shown as empty cells. No frame is copied.

    Args:
        title: accessible name.
        tip: format of the tooltip; ``{0}`` is the caption of the frame under the pointer.
        evenly_spaced: whether to show fewer frames, down to a third, so that they are equally
            spaced.
        parent: the owner.
    """

    scrubbed = Signal(int)

    def __init__(
        self,
        title: str = "",
        tip: str = "t = {0}",
        *,
        evenly_spaced: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._tip, self._evenly_spaced = tip, evenly_spaced
        self._frames: Sequence[Pictures | None] = []
        self._captions: list[str] = []
        self._current = 0
        self._images: dict[int, QImage] = {}
        self._widest = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(96, 32 + _CAPTION + _MARKER + SPACE_S)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(title or self.tr("Film strip"))
        self.setAccessibleDescription(self.tr("Arrow keys go from frame to frame"))
        current_theme().changed.connect(self.update)
        band_selection().changed.connect(self._discard_images)

    def reset(self, captions: Sequence[str]) -> None:
        """Reset to empty cells, one for each caption, from the first frame on."""
        self._frames, self._captions = [None] * len(captions), list(captions)
        self._current = min(self._current, max(0, len(captions) - 1))
        self._images.clear()
        metrics = QFontMetrics(body_font(FONT_CAPTION))
        self._widest = max(map(metrics.horizontalAdvance, captions), default=0)
        self.update()

    def put(self, index: int, picture: Pictures) -> None:
        """Set the frame (H, W, C) of a cell; IndexError if there is no such cell."""
        frames = list(self._frames)
        frames[index] = picture
        self._frames = frames
        self._images.pop(index, None)
        self.update()

    def set_frames(self, frames: Sequence[Pictures] | Pictures, captions: Sequence[str]) -> None:
        """Set all frames, (F, H, W, C) or (H, W, C) each; ValueError if lengths differ.

        Items of a sequence are accessed only when they are painted.
        """
        if len(frames) != len(captions):
            raise ValueError(f"{len(frames)} frames, {len(captions)} captions")
        self.reset(captions)
        self._frames = list(frames) if isinstance(frames, np.ndarray) else frames

    def clear(self) -> None:
        """Remove all frames."""
        self.reset(())

    @property
    def count(self) -> int:
        """Number of frames, including those not available yet."""
        return len(self._frames)

    @property
    def current(self) -> int:
        """Index of the current frame."""
        return self._current

    @property
    def shown(self) -> list[int]:
        """Indices of the evenly spaced frames of the cells, from left to right.

        The cell at the current frame's place shows that frame instead.
        """
        cells = self._cells() if self.count else 0
        return [self._frame_of(cell, cells) for cell in range(cells)]

    def set_current(self, index: int) -> None:
        """Set the current frame, clamped, without emitting ``scrubbed``."""
        index = min(max(index, 0), max(0, self.count - 1))
        if index != self._current:
            self._current = index
            self.update()

    def index_at(self, x: float) -> int:
        """Return the index of the frame at ``x``, in logical pixels; the nearest if outside."""
        left, width = self._span()
        fraction = (x - left) / max(1.0, width)
        return min(max(int(fraction * self.count), 0), max(0, self.count - 1))

    def _discard_images(self) -> None:
        self._images.clear()
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of one row."""
        return QSize(480, 48 + _CAPTION + _MARKER + SPACE_S)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Clear the image cache, as other frames may be shown now."""
        self._images.clear()
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frames, the captions and the marker."""
        if not self.count:
            return
        theme = current_theme()
        painter = QPainter(self)
        cells = self._cells()
        side = self._side()
        current_cell = self._current * cells // self.count
        painter.setFont(body_font(FONT_CAPTION))
        caption_width = self._widest + SPACE_M
        _, width = self._span()
        caption_interval = max(1, -(-caption_width * cells // int(max(1, width))))
        for cell in range(cells):
            index = self._current if cell == current_cell else self._frame_of(cell, cells)
            tile = self._tile(cell, cells, side)
            self._paint_frame(painter, index, tile)
            near_current = abs(cell - current_cell) < caption_interval and cell != current_cell
            if cell == current_cell or (cell % caption_interval == 0 and not near_current):
                painter.setPen(theme.color("text" if cell == current_cell else "muted"))
                caption_rect = QRectF(tile.center().x() - 40, tile.bottom() + 3, 80, _CAPTION)
                painter.drawText(
                    caption_rect,
                    Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop,
                    self._captions[index],
                )
        self._paint_marker(painter, self._tile(current_cell, cells, side))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the frame under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._scrub(self.index_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while the left button is pressed."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._scrub(self.index_at(event.position().x()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Scrub with the arrows, Page up, Page down, Home and End."""
        jump = max(1, self.count // 10)
        targets = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_PageUp: self._current - jump,
            Qt.Key.Key_PageDown: self._current + jump,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.count - 1,
        }
        if event.key() in targets and self.count:
            self._scrub(targets[Qt.Key(event.key())])
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Set the tooltip of the frame under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self.count:
            self.setToolTip(self._tip.format(self._captions[self.index_at(event.pos().x())]))
        return super().event(event)

    def _scrub(self, index: int) -> None:
        if not self.count:
            return
        previous = self._current
        self.set_current(index)
        if self._current != previous:
            self.scrubbed.emit(self._current)

    def _side(self) -> float:
        """Return the tiles' side in logical pixels: the largest whole-factor zoom that fits."""
        available = float(max(16, self.height() - _CAPTION - _MARKER - SPACE_S))
        frame = next((frame for frame in self._frames if frame is not None), None)
        if frame is None:
            return available
        ratio = self.devicePixelRatioF()
        zoom = available * ratio / max(frame.shape[:2])
        return int(zoom) * max(frame.shape[:2]) / ratio if zoom >= 1 else available

    def _span(self) -> tuple[float, float]:
        return SPACE_S, self.width() - 2.0 * SPACE_S

    def _cells(self) -> int:
        _, width = self._span()
        max_cells = max(1, min(self.count, int((width + SPACE_S) // (self._side() + SPACE_S))))
        min_cells = max(_FEWEST_EVEN, max_cells // 3)
        candidates = range(max_cells, min_cells - 1, -1) if self._evenly_spaced else ()
        return next((n for n in candidates if (self.count - 1) % (n - 1) == 0), max_cells)

    def _frame_of(self, cell: int, cells: int) -> int:
        return round(cell * (self.count - 1) / max(1, cells - 1))

    def _tile(self, cell: int, cells: int, side: float) -> QRectF:
        left, width = self._span()
        centre_x = left + (cell + 0.5) * width / cells
        available = self.height() - _CAPTION - _MARKER - SPACE_S
        return QRectF(
            round(centre_x - side / 2), _MARKER + 2 + round((available - side) / 2), side, side
        )

    def _paint_frame(self, painter: QPainter, index: int, tile: QRectF) -> None:
        frame = self._frames[index]
        theme = current_theme()
        if frame is None:
            painter.setPen(QPen(theme.color("line"), 1))
            painter.drawRect(tile.adjusted(0.5, 0.5, -0.5, -0.5))
            return
        image = self._images.get(index)
        if image is None:
            if len(self._images) > 512:
                self._images.clear()
            image = self._images[index] = to_image(frame)
        ratio = self.devicePixelRatioF()
        zoom = tile.width() * ratio / max(image.width(), image.height())
        zoom = int(zoom) if zoom >= 1 else zoom
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, zoom < 1)
        width, height = image.width() * zoom / ratio, image.height() * zoom / ratio
        left = round((tile.center().x() - width / 2) * ratio) / ratio
        rect = QRectF(left, tile.bottom() - height, width, height)
        paint_checkerboard(painter, rect, image)
        painter.drawImage(rect, image)

    def _paint_marker(self, painter: QPainter, tile: QRectF) -> None:
        """Paint a frame around the current tile, and a marker at its exact position in time."""
        paint_frame(painter, tile, "accent")
        left, width = self._span()
        x = left + (self._current + 0.5) / self.count * width
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(current_theme().color("text" if self.hasFocus() else "accent"))
        painter.drawPolygon(QPolygonF([QPointF(x - 4, 0), QPointF(x + 4, 0), QPointF(x, 5)]))
