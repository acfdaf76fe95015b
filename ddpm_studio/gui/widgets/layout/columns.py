"""Responsive columns: groups of widgets stacked, or side by side where there is room."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M

MIN_COLUMN_WIDTH = 280
"""Minimum width of a column in pixels; with less, the groups are stacked."""
_HORIZONTAL, _VERTICAL = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
# Stretch of the filling widget, against 1 of the empty space.
_FILL_STRETCH = 1000


class Columns(QWidget):
    """Responsive container of widget groups, each a column where the width allows."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._box = QBoxLayout(_VERTICAL, self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(SPACE_M)
        self._groups: list[QVBoxLayout] = []

    def add(self, *parts: QWidget | QLayout, stretched: QWidget | None = None) -> None:
        """Add a group.

        Args:
            parts: from top to bottom.
            stretched: the part that takes the remaining height, if any.
        """
        group = QVBoxLayout()
        group.setSpacing(SPACE_M)
        for part in parts:
            if isinstance(part, QLayout):
                group.addLayout(part)
            else:
                group.addWidget(part, _FILL_STRETCH if part is stretched else 0)
        group.addStretch(1)
        self._groups.append(group)
        self._box.addLayout(group)
        self._update_stretches()

    @property
    def is_side_by_side(self) -> bool:
        """Whether the groups are side by side now."""
        return self._box.direction() is _HORIZONTAL

    def minimumSizeHint(self) -> QSize:
        """Return a minimum of the widest group's width, as groups can be stacked."""
        margins = self.contentsMargins()
        widest = max((group.minimumSize().width() for group in self._groups), default=0)
        width = widest + margins.left() + margins.right()
        return QSize(width, self._box.minimumSize().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stack the groups or put them side by side, by the width available."""
        super().resizeEvent(event)
        gaps = SPACE_L * (len(self._groups) - 1)
        required_width = sum(
            max(MIN_COLUMN_WIDTH, group.minimumSize().width()) for group in self._groups
        )
        direction = (
            _HORIZONTAL if self._box.contentsRect().width() >= required_width + gaps else _VERTICAL
        )
        if direction != self._box.direction():
            self._box.setDirection(direction)
            self._box.setSpacing(SPACE_L if direction is _HORIZONTAL else SPACE_M)
            self._update_stretches()
            self.updateGeometry()

    def _update_stretches(self) -> None:
        """Set stretches: stacked, the last group gets the remaining height; else equal widths."""
        last = len(self._groups) - 1
        for number in range(len(self._groups)):
            self._box.setStretch(number, int(self.is_side_by_side or number == last))
