"""Scroll area for content that is scrolled up and down, and never narrower than it can be."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from ddpm_studio.gui.widgets.layout.basics import name

# So often the bar comes and goes in a room of one size; then its place is kept free.
_MOST_TURNS = 20


class TallArea(QScrollArea):
    """Shows its content as high as that likes to be, and scrolls where there is less room.

    Args:
        content: has a layout.
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

    def minimumSizeHint(self) -> QSize:
        """Ask for the least width of the content and the scroll bar's beside it."""
        wanted = self.whole_width()
        if self._most_asked is not None:
            # Before the style sheet is in force, controls ask for more than they need.
            wanted = min(wanted, self._most_asked + self._bar())
        return QSize(wanted, super().minimumSizeHint().height())

    def whole_width(self) -> int:
        """Return the least width at which nothing of the content is cut off, in pixels."""
        return self._content.minimumSizeHint().width() + self._bar()

    def _bar(self) -> int:
        return self.verticalScrollBar().sizeHint().width()


class FilledArea(TallArea):
    """Lets its content, a column, fill the room; scrolls only where that can get no smaller."""

    def __init__(self, content: QWidget, title: str, parent: QWidget | None = None) -> None:
        super().__init__(content, title, parent=parent)
        # By itself Qt scrolls what has less room than it likes to have, if it has rows that wrap.
        self.setWidgetResizable(False)
        self._within, self._barred, self._turns = QSize(), False, 0
        content.installEventFilter(self)

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
        layout, room = self._content.layout(), self.maximumViewportSize()
        assert isinstance(layout, QVBoxLayout)
        if room != self._within:
            self._within, self._turns = room, 0
        width, least = room.width(), _least_height(layout, room.width())
        barred = least > room.height()
        self._turns += barred != self._barred
        # What is higher where it is wider fits beside the bar alone: it would come and go for ever.
        self._barred = barred or self._turns > _MOST_TURNS
        if self._barred:
            width -= self.verticalScrollBar().sizeHint().width()
            least = _least_height(layout, width)
        self._content.resize(width, max(room.height(), least))


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
