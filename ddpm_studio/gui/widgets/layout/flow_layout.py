"""Flow layout: a row that goes on in the next line where it has no more room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QWidget
from shiboken6 import isValid

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S


class FlowLayout(QLayout):
    """Lays its items out from left to right, each as wide as it likes to be, in lines.

    Args:
        gap: between items.
        line_gap: between lines.
        parent: the owner.
    """

    def __init__(
        self, gap: int = SPACE_M, line_gap: int = SPACE_S, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self._gap, self._line_gap = gap, line_gap
        self._corner: QWidget | None = None
        self.setContentsMargins(0, 0, 0, 0)

    def set_corner(self, widget: QWidget) -> None:
        """Put a widget at the right end of the first line; only that line is shorter for it."""
        self._corner = widget
        self.addWidget(widget)

    def addItem(self, item: QLayoutItem) -> None:
        """Take one more item."""
        self._items.append(item)

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return an item, or None beyond the end."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove an item and return it, or None beyond the end."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Want no more than is needed."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Put every item into its place."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """Ask for one line."""
        sizes = [item.sizeHint() for item in self._shown()]
        wide = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QSize(wide, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """Need room for the widest item."""
        size = QSize()
        items, corner = self._parted()
        for item in items:
            size = size.expandedTo(item.minimumSize())
        if corner is not None:
            first = items[0].minimumSize().width() + self._gap if items else 0
            least = corner.minimumSize()
            size = size.expandedTo(QSize(first + least.width(), least.height()))
        return size

    def _shown(self) -> list[QLayoutItem]:
        # While a window is taken down, Qt may ask after it has destroyed an item.
        return [item for item in self._items if isValid(item) and not item.isEmpty()]

    def _parted(self) -> tuple[list[QLayoutItem], QLayoutItem | None]:
        """Return those that flow, and the one in the corner."""
        shown = self._shown()
        if self._corner is None:
            return shown, None
        corner = next((item for item in shown if item.widget() is self._corner), None)
        return [item for item in shown if item is not corner], corner

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Place the items, or only find out how high that would be."""
        top = rect.y()
        items, corner = self._parted()
        size = QSize(0, 0) if corner is None else corner.sizeHint()
        room = rect.width() if corner is None else rect.width() - size.width() - self._gap
        lines: list[list[QLayoutItem]] = [[]]
        used = 0
        for item in items:
            wide = item.sizeHint().width()
            if lines[-1] and used + wide > room:
                lines.append([])
                used, room = 0, rect.width()
            used += wide + self._gap
            lines[-1].append(item)
        for number, line in enumerate(lines):
            beside = [corner] if corner is not None and number == 0 else []
            height = max((item.sizeHint().height() for item in line + beside), default=0)
            left = rect.x()
            for item in line + beside:
                size = item.sizeHint().boundedTo(QSize(max(1, rect.width()), height))
                if item is corner:
                    left = max(left, rect.x() + rect.width() - size.width())
                if move:
                    drop = (height - size.height()) // 2
                    item.setGeometry(QRect(QPoint(left, top + drop), size))
                left += size.width() + self._gap
            top += height + self._line_gap
        return top - self._line_gap - rect.y()


def together(*parts: QWidget, gap: int = SPACE_S) -> QWidget:
    """Return one widget that keeps ``parts`` on one line, such as a label and its box."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(gap)
    for part in parts:
        row.addWidget(part)
    return group
