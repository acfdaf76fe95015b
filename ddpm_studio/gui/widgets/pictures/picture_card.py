"""Picture card: a button with a few pictures, a title and a caption."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QEnterEvent, QImage, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from ddpm_studio.gui.platform.images import Pictures, band_selection, compose
from ddpm_studio.gui.theme.icons import icon_pixmap
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_BODY, FONT_CAPTION, RADIUS, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import name
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard

_GAP = 2
_ICON = 24
MIN_CARD_WIDTH = 148
"""Minimum width of a card, in logical pixels."""


class PictureCard(QPushButton):
    """Button that shows pictures, a title and a caption.

    Pictures are enlarged by integer factors only, or reduced in size.

    Args:
        title: the first line, below the pictures.
        caption: the second line.
        tip: the tooltip; empty: the title.
        icon: shown until there are pictures.
        height: height of the area of the pictures, in logical pixels.
        parent: the owner.
    """

    def __init__(
        self,
        title: str,
        caption: str = "",
        tip: str = "",
        *,
        icon: str = "images",
        height: int = 64,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(title, parent)
        self._icon, self._height = icon, height
        self._caption = caption
        self._pictures: Pictures | None = None
        self._sheet: QImage | None = None
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        name(self, title, tip or title)
        self.set_caption(caption)
        current_theme().changed.connect(self.update)
        band_selection().changed.connect(self._recompose)

    @property
    def count(self) -> int:
        """Number of pictures."""
        return 0 if self._pictures is None else len(self._pictures)

    def set_caption(self, caption: str) -> None:
        """Set the caption."""
        self._caption = caption
        self.setAccessibleDescription(f"{caption}. {self.toolTip()}" if caption else self.toolTip())
        self.update()

    def set_pictures(self, pictures: Pictures | None) -> None:
        """Set the pictures, uint8 (N, H, W, C); None: show the icon."""
        self._pictures = pictures if pictures is not None and len(pictures) else None
        self._sheet = None if self._pictures is None else compose(self._pictures, self.count)
        self.update()

    def _recompose(self) -> None:
        self.set_pictures(self._pictures)

    def sizeHint(self) -> QSize:
        """Return the size of the pictures and two lines of text."""
        text_height = self.fontMetrics().height() + FONT_CAPTION + 3 * SPACE_M
        return QSize(MIN_CARD_WIDTH, self._height + text_height + SPACE_M)

    def minimumSizeHint(self) -> QSize:
        """Return the size hint, as a card must not be cut off."""
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Click on Enter too, as outside of dialogs Qt accepts only the space bar."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.isAutoRepeat():
            self.click()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        """Repaint with the hover background."""
        super().enterEvent(event)
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Repaint without the hover background."""
        super().leaveEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background, the pictures and the texts."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        background = "pressed" if self.isDown() else "hover" if self.underMouse() else "panel"
        pen = QPen(
            theme.color("accent" if self.hasFocus() else "line"), 2 if self.hasFocus() else 1
        )
        painter.setPen(pen)
        painter.setBrush(theme.color(background))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS + 2, RADIUS + 2)
        inner = self.rect().adjusted(SPACE_M, SPACE_M, -SPACE_M, -SPACE_M)
        rect = QRect(inner.left(), inner.top(), inner.width(), self._height)
        if self._sheet is None:
            self._paint_icon(painter, rect)
        else:
            self._paint_pictures(painter, rect, self._sheet)
        self._paint_text(painter, inner, rect.bottom() + SPACE_M)
        painter.end()

    def _paint_icon(self, painter: QPainter, rect: QRect) -> None:
        pixmap = icon_pixmap(self._icon, _ICON, self.devicePixelRatioF(), "disabled")
        centre = rect.center()
        painter.drawPixmap(centre.x() - _ICON // 2, centre.y() - _ICON // 2, pixmap)

    def _paint_pictures(self, painter: QPainter, rect: QRect, sheet: QImage) -> None:
        """Paint rows of tiles, in device pixels so that their pixels stay square."""
        ratio = self.devicePixelRatioF()
        height, width = sheet.height(), sheet.width() // self.count
        available = round(rect.height() * ratio)
        factor = max(1, min(available, round(64 * ratio)) // height)
        tile_height = min(height * factor, available)
        tile_width = width * tile_height // height
        gap = round(_GAP * ratio)
        columns = max(1, (round(rect.width() * ratio) + gap) // (tile_width + gap))
        rows = max(1, (available + gap) // (tile_height + gap))
        columns = min(columns, self.count)
        row_width = columns * (tile_width + gap) - gap
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, tile_height < height)
        left = round(rect.left() * ratio) + (round(rect.width() * ratio) - row_width) // 2
        top = round(rect.top() * ratio) + (available - rows * (tile_height + gap) + gap) // 2
        for index in range(min(self.count, rows * columns)):
            row, column = divmod(index, columns)
            target = QRect(
                left + column * (tile_width + gap),
                top + row * (tile_height + gap),
                tile_width,
                tile_height,
            )
            paint_checkerboard(painter, target, sheet)
            painter.drawImage(target, sheet, QRect(index * width, 0, width, height))
        painter.restore()

    def _paint_text(self, painter: QPainter, inner: QRect, top: int) -> None:
        theme = current_theme()
        for text, font, role in (
            (self.text(), body_font(FONT_BODY, bold=True), "text"),
            (self._caption, body_font(FONT_CAPTION), "muted"),
        ):
            painter.setFont(font)
            painter.setPen(theme.color(role))
            metrics = painter.fontMetrics()
            line = QRect(inner.left(), top, inner.width(), metrics.height())
            elided = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(
                line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided
            )
            top = line.bottom() + SPACE_S
