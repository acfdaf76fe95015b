"""Flow layout: a row that wraps into further lines where it runs out of room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QLayout, QLayoutItem, QWidget
from shiboken6 import isValid

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S


class FlowLayout(QLayout):
    """Layout that places items left to right at their preferred widths, wrapping into lines.

    Args:
        gap: spacing between items, in pixels.
        line_gap: spacing between lines, in pixels.
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
        """Set a widget at the right end of the first line, which is shortened by it."""
        self._corner = widget
        self.addWidget(widget)

    def addItem(self, item: QLayoutItem) -> None:
        """Append an item."""
        self._items.append(item)

    def count(self) -> int:
        """Return the number of items."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """Return the item at an index, or None if out of range."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Remove and return the item at an index, or None if out of range."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Return no directions: the layout does not expand."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:
        """Return True: the height depends on the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the height of all lines at a width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Place all items within ``rect``."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """Return the size of all items in one line."""
        sizes = [item.sizeHint() for item in self._visible_items()]
        width = sum(size.width() for size in sizes) + self._gap * max(0, len(sizes) - 1)
        return QSize(width, max((size.height() for size in sizes), default=0))

    def minimumSize(self) -> QSize:
        """Return the size of the largest item, or of the first item and the corner."""
        size = QSize()
        items, corner = self._split_corner()
        for item in items:
            size = size.expandedTo(item.minimumSize())
        if corner is not None:
            first_width = items[0].minimumSize().width() + self._gap if items else 0
            corner_size = corner.minimumSize()
            size = size.expandedTo(QSize(first_width + corner_size.width(), corner_size.height()))
        return size

    def _visible_items(self) -> list[QLayoutItem]:
        # While a window is destroyed, Qt may call this after it has deleted an item.
        return [item for item in self._items if isValid(item) and not item.isEmpty()]

    def _split_corner(self) -> tuple[list[QLayoutItem], QLayoutItem | None]:
        """Return the flowing items and the corner item, if any."""
        visible = self._visible_items()
        if self._corner is None:
            return visible, None
        corner = next((item for item in visible if item.widget() is self._corner), None)
        return [item for item in visible if item is not corner], corner

    def _arrange(self, rect: QRect, *, move: bool) -> int:
        """Compute the layout, apply it if ``move``, and return its height."""
        top = rect.y()
        items, corner = self._split_corner()
        size = QSize(0, 0) if corner is None else corner.sizeHint()
        available = rect.width() if corner is None else rect.width() - size.width() - self._gap
        lines: list[list[QLayoutItem]] = [[]]
        line_width = 0
        for item in items:
            width = item.sizeHint().width()
            if lines[-1] and line_width + width > available:
                lines.append([])
                line_width, available = 0, rect.width()
            line_width += width + self._gap
            lines[-1].append(item)
        for number, line in enumerate(lines):
            corner_items = [corner] if corner is not None and number == 0 else []
            height = max((item.sizeHint().height() for item in line + corner_items), default=0)
            left = rect.x()
            for item in line + corner_items:
                size = item.sizeHint().boundedTo(QSize(max(1, rect.width()), height))
                if item is corner:
                    left = max(left, rect.x() + rect.width() - size.width())
                if move:
                    offset = (height - size.height()) // 2
                    item.setGeometry(QRect(QPoint(left, top + offset), size))
                left += size.width() + self._gap
            top += height + self._line_gap
        return top - self._line_gap - rect.y()


def inline_group(*parts: QWidget, gap: int = SPACE_S) -> QWidget:
    """Group widgets into one that keeps them on one line, such as a label and its field."""
    group = QWidget()
    row = QHBoxLayout(group)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(gap)
    for part in parts:
        row.addWidget(part)
    return group
