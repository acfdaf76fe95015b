"""Pixel inspector: overlay line with the numbers behind the pixel under the pointer."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QCursor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel
from ddpm_studio.gui.widgets.layout.overlay import Overlay


class Inspector(ElidedLabel):
    """Overlay label at the lower edge of the views, visible while a pixel is inspected.

    As an overlay it takes no room from the pictures, and nothing moves when it appears. If the
    pointer is near the lower edge, it is at the upper edge. Without a pixel it is hidden, and its
    text explains how to inspect one.

    Args:
        views: the widget that it overlays, which becomes its parent.
    """

    def __init__(self, views: QWidget) -> None:
        super().__init__("", "caption", views)
        self._views = views
        self._hint = self.tr(
            "Point at a picture for the numbers; Alt and arrows do it from the keyboard"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setContentsMargins(SPACE_S, 0, SPACE_S, 0)
        Overlay(self, self._reposition).attach_to(views)
        self.show_values("")

    def show_values(self, text: str) -> None:
        """Show the numbers of a pixel as text; empty: no pixel is inspected."""
        self.setText(text or self._hint)
        self.setVisible(bool(text))
        if text:
            self._reposition()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint an opaque background, then the text."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), current_theme().color("raised"))
        painter.end()
        super().paintEvent(event)

    def _reposition(self) -> None:
        area, height = self._views.rect(), self.sizeHint().height() + SPACE_S
        is_low = self._views.mapFromGlobal(QCursor.pos()).y() >= area.height() - 2 * height
        width = min(area.width(), self.sizeHint().width())
        self.setGeometry(0, 0 if is_low else area.height() - height, width, height)
        self.raise_()
