"""Drop overlay: shows over the whole window what a drop would open."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.icons import icon
from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_TITLE, RADIUS, SPACE_L, SPACE_M

_ICON = 32
_VEIL = 210
_LINE = 2


class DropOverlay(QWidget):
    """Translucent overlay with a frame, an icon and a line of text; transparent to the mouse.

    Args:
        window: the window to cover.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        window.installEventFilter(self)
        self.hide()

    def show_text(self, text: str) -> None:
        """Show a text, above everything else in the window."""
        self.text = text
        self.setAccessibleName(text)
        self.setGeometry(self._window().rect())
        self.raise_()
        self.show()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the window: follow its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.setGeometry(self._window().rect())
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background, frame, icon and text."""
        theme = current_theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        background = QColor(theme.color("ground"))
        background.setAlpha(_VEIL)
        painter.fillRect(self.rect(), background)
        frame = QRectF(self.rect()).adjusted(SPACE_M, SPACE_M, -SPACE_M, -SPACE_M)
        painter.setPen(QPen(theme.color("accent"), _LINE, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(frame, RADIUS, RADIUS)
        painter.setFont(body_font(FONT_TITLE))
        painter.setPen(theme.color("text"))
        centre = self.rect().center()
        icon_rect = QRect(0, 0, _ICON, _ICON)
        icon_rect.moveCenter(centre)
        icon_rect.moveBottom(centre.y() - SPACE_M)
        icon("download", "accent").paint(painter, icon_rect)
        text_rect = QRect(
            SPACE_L, centre.y(), self.width() - 2 * SPACE_L, painter.fontMetrics().height()
        )
        elided = painter.fontMetrics().elidedText(
            self.text, Qt.TextElideMode.ElideMiddle, text_rect.width()
        )
        painter.drawText(text_rect, Qt.AlignmentFlag.AlignCenter, elided)
        painter.end()

    def _window(self) -> QWidget:
        window = self.parentWidget()
        assert window is not None
        return window
