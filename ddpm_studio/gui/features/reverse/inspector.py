"""Inspector line: the numbers of the pixel that is pointed at."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel
from ddpm_studio.gui.widgets.layout.overlay import Overlay


class Inspector(ElidedLabel):
    """Lies over the lower edge of the views while it has something to tell.

    So it takes no room from the pictures, and nothing moves when it comes. Where the pointer is
    below, it lies over the upper edge. Nothing pointed at, its text is how to point.

    Args:
        views: what it lies over; it becomes the parent.
    """

    def __init__(self, views: QWidget) -> None:
        super().__init__("", "caption", views)
        self._views = views
        self._hint = self.tr(
            "Point at a picture for the numbers; Alt and arrows do it from the keyboard"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setContentsMargins(SPACE_S, 0, SPACE_S, 0)
        Overlay(self, self._place).lie_over(views)
        self.tell("")

    def tell(self, told: str) -> None:
        """Tell the numbers; an empty text: nothing is pointed at."""
        self.setText(told or self._hint)
        self.setVisible(bool(told))
        if told:
            self._place()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the words on a ground of their own."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().color("raised"))
        painter.end()
        super().paintEvent(event)

    def _place(self) -> None:
        room, high = self._views.rect(), self.sizeHint().height() + SPACE_S
        low = self._views.mapFromGlobal(QCursor.pos()).y() >= room.height() - 2 * high
        wide = min(room.width(), self.sizeHint().width())
        self.setGeometry(0, 0 if low else room.height() - high, wide, high)
        self.raise_()
