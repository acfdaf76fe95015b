"""Control row: a one-line toolbar whose overflow moves into a drawer."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.drawer import Drawer, ExplainedControl, is_explicitly_hidden


@dataclass
class _Part:
    widget: QWidget
    sentence: str
    keep: bool
    drawer_row: ExplainedControl | None = None


class ControlRow(QWidget):
    """One-line row of controls, left to right; those that do not fit are moved to a drawer.

    Controls added with ``keep`` have priority; the others stay in order as far as each still fits.
    The row is always one line, of the same height at any width.

    Args:
        drawer: receives the overflow, above its own controls.
        parent: the owner.
    """

    def __init__(self, drawer: Drawer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawer = drawer
        self._parts: list[_Part] = []
        self._corner: QWidget | None = None
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACE_M)
        self._row.addStretch()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def add(self, part: QWidget, sentence: str = "", *, keep: bool = False) -> None:
        """Append a control.

        Args:
            part: a control, or a group of controls that stay together.
            sentence: explanation shown below it in the drawer.
            keep: whether it has priority over controls without ``keep``.
        """
        self._row.insertWidget(len(self.shown), part)
        self._parts.append(_Part(part, sentence, keep))

    def set_corner(self, widget: QWidget) -> None:
        """Set a widget at the right end, which never moves to the drawer."""
        self._corner = widget
        self._row.addWidget(widget)

    @property
    def shown(self) -> list[QWidget]:
        """The controls that are in the row, from left to right."""
        return [part.widget for part in self._parts if part.drawer_row is None]

    def minimumSizeHint(self) -> QSize:
        """Return the size of the first control and the corner."""
        return self._size([part.widget for part in self._parts[:1]])

    def sizeHint(self) -> QSize:
        """Return the size of all controls in one line."""
        return self._size([part.widget for part in self._parts])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Move controls between row and drawer to suit the width."""
        super().resizeEvent(event)
        self._redistribute()

    def event(self, event: QEvent) -> bool:
        """Redistribute controls when one was shown, hidden or resized."""
        handled = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._redistribute()
        return handled

    def _size(self, parts: list[QWidget]) -> QSize:
        corner = [] if self._corner is None else [self._corner]
        sizes = [
            _preferred_size(widget)
            for widget in (*parts, *corner)
            if not is_explicitly_hidden(widget)
        ]
        width = sum(size.width() for size in sizes) + SPACE_M * max(0, len(sizes) - 1)
        # Include the height of controls in the drawer, so that it is constant.
        height = max((_preferred_size(part.widget).height() for part in self._parts), default=0)
        return QSize(width, max([height, *(size.height() for size in sizes)]))

    def _redistribute(self) -> None:
        free_width = self.width() - self._size([]).width()
        for part in sorted(self._parts, key=lambda part: not part.keep):
            # Controls hidden explicitly take no room.
            required_width = (
                0
                if is_explicitly_hidden(part.widget)
                else _preferred_size(part.widget).width() + SPACE_M
            )
            if required_width <= free_width:
                free_width -= required_width
                self._move_to_row(part)
            else:
                self._move_to_drawer(part)

    def _move_to_drawer(self, part: _Part) -> None:
        if part.drawer_row is None:
            preceding = self._parts[: self._parts.index(part)]
            index = sum(other.drawer_row is not None for other in preceding)
            self._row.removeWidget(part.widget)
            part.drawer_row = self._drawer.host_control(part.widget, part.sentence, index)

    def _move_to_row(self, part: _Part) -> None:
        if part.drawer_row is None:
            return
        preceding = self._parts[: self._parts.index(part)]
        hidden = is_explicitly_hidden(part.widget)
        part.drawer_row.release()
        part.drawer_row = None
        self._row.insertWidget(sum(other.drawer_row is None for other in preceding), part.widget)
        part.widget.setHidden(hidden)


def _preferred_size(widget: QWidget) -> QSize:
    """Return the preferred size that a layout would give a widget."""
    hint = widget.sizeHint().expandedTo(widget.minimumSizeHint())
    return hint.boundedTo(widget.maximumSize()).expandedTo(widget.minimumSize())
