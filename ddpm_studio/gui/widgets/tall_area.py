"""Content that is scrolled up and down where it has less than the least height it needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.gui.widgets.basics import name


class TallArea(QScrollArea):
    """Fills the room there is; it is never narrower than what it holds.

    Args:
        content: has a column as its layout; rows that go on in a next line make it taller the
            narrower it is.
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
        if isinstance(layout, QVBoxLayout):
            least = _least_height(layout, self.viewport().width())
            if least != self._content.minimumHeight():
                self._content.setMinimumHeight(least)


def _least_height(column: QVBoxLayout, width: int) -> int:
    """Return what a column needs at a width.

    Qt's own answer takes the height that a nested widget would like for the least it needs.
    """
    margins = column.contentsMargins()
    within = width - margins.left() - margins.right()
    heights = []
    for k in range(column.count()):
        item = column.itemAt(k)
        if item is None or item.isEmpty():
            continue
        widget = item.widget()
        nested = item.layout() if widget is None else widget.layout()
        if nested is not None and nested.hasHeightForWidth():
            height = nested.minimumHeightForWidth(within)
        elif item.hasHeightForWidth():
            height = item.heightForWidth(within)
        else:
            height = item.minimumSize().height()
        if widget is not None:
            height = min(max(height, widget.minimumHeight()), widget.maximumHeight())
        heights.append(height)
    gaps = column.spacing() * max(0, len(heights) - 1)
    return sum(heights) + gaps + margins.top() + margins.bottom()
