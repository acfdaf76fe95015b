"""Responsive row: parts side by side, or stacked where there is no room."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_L

_HORIZONTAL, _VERTICAL = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom


class ResponsiveRow(QWidget):
    """Row that becomes a column when it is narrower than the minimum width of its parts.

    Args:
        gap: spacing between the parts, in pixels.
        parent: the owner.
    """

    def __init__(self, gap: int = SPACE_L, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QBoxLayout(_HORIZONTAL, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(gap)

    def add(self, part: QWidget | QLayout, stretch: int = 1) -> None:
        """Append a part; ``stretch`` is its share of the remaining space."""
        if isinstance(part, QLayout):
            self._box.addLayout(part, stretch)
        else:
            self._box.addWidget(part, stretch)

    def minimumSizeHint(self) -> QSize:
        """Return a minimum of the widest part's width, as parts can be stacked."""
        height = self._box.minimumSize().height()
        return QSize(max(self._widths(), default=0), height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Switch between row and column by the width available."""
        super().resizeEvent(event)
        widths = self._widths()
        required_width = sum(widths) + self._box.spacing() * max(0, len(widths) - 1)
        direction = _HORIZONTAL if self.width() >= required_width else _VERTICAL
        if direction != self._box.direction():
            self._box.setDirection(direction)
            self.updateGeometry()

    def _widths(self) -> list[int]:
        items = (self._box.itemAt(k) for k in range(self._box.count()))
        return [item.minimumSize().width() for item in items if item and not item.isEmpty()]
