"""A row of moments of one process, to be scrubbed (DDPM Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.images import Pictures, to_image
from ddpm_studio.gui.theme import body_font, current_theme
from ddpm_studio.gui.tokens import FONT_CAPTION, SPACE_S
from ddpm_studio.gui.widgets.basics import name

_HEIGHT = 88
_CAPTION = 18
_MARK = 2


class FilmStrip(QWidget):
    """Click, drag or arrows choose a moment."""

    scrubbed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._images: list[QImage] = []
        self._captions: Sequence[str] = ()
        self._current = 0
        self.setFixedHeight(_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        name(self, self.tr("Film strip"), self.tr("Click or drag to go to a moment"))
        current_theme().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(480, _HEIGHT)

    def set_frames(self, pictures: Pictures, captions: Sequence[str]) -> None:
        """Show frames (K, H, W, C), each with its caption."""
        self._images = [to_image(picture) for picture in pictures]
        self._captions = captions
        self._current = min(self._current, max(0, len(self._images) - 1))
        self.update()

    def set_current(self, index: int) -> None:
        """Mark a frame; emits nothing."""
        if index != self._current:
            self._current = index
            self.update()

    @property
    def count(self) -> int:
        """How many frames there are."""
        return len(self._images)

    @property
    def current(self) -> int:
        """The frame that is marked."""
        return self._current

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frames, pixel-true, and mark the current one."""
        painter = QPainter(self)
        tokens = current_theme().tokens
        painter.setFont(body_font(FONT_CAPTION))
        for index, image in enumerate(self._images):
            tile = self._tile(index)
            # Whole factors keep small pictures' pixels square.
            painter.drawImage(tile, image)
            marked = index == self._current
            if marked:
                painter.setPen(QPen(QColor(tokens.accent), _MARK))
                painter.drawRect(tile.adjusted(-1, -1, 0, 0))
            painter.setPen(QColor(tokens.text if marked else tokens.muted))
            text = QRect(tile.left() - 16, tile.bottom() + 4, tile.width() + 32, _CAPTION - 4)
            painter.drawText(text, Qt.AlignmentFlag.AlignCenter, self._captions[index])
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to the moment under the mouse."""
        self._scrub(event.position().toPoint())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub while a button is held."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._scrub(event.position().toPoint())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, Home and End move the mark."""
        target = {
            Qt.Key.Key_Left: self._current - 1,
            Qt.Key.Key_Right: self._current + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: self.count - 1,
        }.get(Qt.Key(event.key()))
        if target is None:
            super().keyPressEvent(event)
        elif 0 <= target < self.count:
            self.set_current(target)
            self.scrubbed.emit(target)

    def _scrub(self, at: QPoint) -> None:
        if not self._images:
            return
        pitch = self.width() / self.count
        index = max(0, min(self.count - 1, int(at.x() / pitch)))
        self.set_current(index)
        self.scrubbed.emit(index)

    def _tile(self, index: int) -> QRect:
        """The frame's square: centred in its share of the width, a whole factor if it can be."""
        pitch = self.width() / self.count
        side = min(pitch - SPACE_S, _HEIGHT - _CAPTION - 2 * _MARK)
        pixels = self._images[index].height()
        ratio = self.devicePixelRatioF()
        factor = side * ratio / pixels
        if factor >= 1:
            side = int(factor) * pixels / ratio
        left = index * pitch + (pitch - side) / 2
        top = (_HEIGHT - _CAPTION - side) / 2
        return QRect(round(left), round(top), round(side), round(side))
