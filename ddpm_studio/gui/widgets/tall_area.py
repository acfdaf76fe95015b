"""Content that is scrolled up and down where it has less than the least height it needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from ddpm_studio.gui.widgets.basics import name


class TallArea(QScrollArea):
    """Fills the room there is; it is never narrower than what it holds.

    Args:
        content: has a layout; rows that go on in a next line make it taller the narrower it is.
        title: what it is called.
        most_asked: the widest that it asks for, in pixels, whatever the content says.
        parent: the owner.
    """

    def __init__(
        self,
        content: QWidget,
        title: str,
        most_asked: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._content, self._most_asked = content, most_asked
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        name(self, title)
        self.setToolTip("")
        self.verticalScrollBar().setAccessibleName(title)
        self.setWidget(content)
        content.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """Ask for the least width of the content and the scroll bar's beside it."""
        wanted = self._content.minimumSizeHint().width()
        if self._most_asked is not None:
            # Before the style sheet is in force, controls ask for more than they need.
            wanted = min(wanted, self._most_asked)
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(wanted + bar, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Find out whether it still fits."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow a content that needs another height."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        layout = self._content.layout()
        if layout is None:
            return
        # Qt itself goes by the least height at the least width, or at any.
        if layout.hasHeightForWidth():
            least = layout.minimumHeightForWidth(self.viewport().width())
        else:
            least = layout.minimumSize().height()
        if least != self._content.minimumHeight():
            self._content.setMinimumHeight(least)
