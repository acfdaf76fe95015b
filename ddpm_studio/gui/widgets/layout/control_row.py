"""Control row: one line of controls; what has no room in it waits in the drawer."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.drawer import Drawer, Explained, is_put_away


@dataclass
class _Part:
    widget: QWidget
    sentence: str
    keep: bool
    away: Explained | None = None


class ControlRow(QWidget):
    """Shows its parts from left to right as far as they fit, and lends the others to a drawer.

    Those that are kept are the last to go; of the others each that still fits beside those before
    it stays. The line is always one, and as high at any width.

    Args:
        drawer: takes what does not fit, above what it has of its own.
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
        """Put a part behind the others.

        Args:
            part: a control, or several that stay together.
            sentence: stands below it in the drawer.
            keep: whether it stays as long as there is room for it at all.
        """
        self._row.insertWidget(len(self.shown), part)
        self._parts.append(_Part(part, sentence, keep))

    def set_corner(self, widget: QWidget) -> None:
        """Put a widget at the right end; it stays at any width."""
        self._corner = widget
        self._row.addWidget(widget)

    @property
    def shown(self) -> list[QWidget]:
        """The parts that are in the row, from left to right."""
        return [part.widget for part in self._parts if part.away is None]

    def minimumSizeHint(self) -> QSize:
        """Need room for the first part and the corner."""
        return self._size([part.widget for part in self._parts[:1]])

    def sizeHint(self) -> QSize:
        """Ask for room for all."""
        return self._size([part.widget for part in self._parts])

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Take back what fits now, lend what does not."""
        super().resizeEvent(event)
        self._share_out()

    def event(self, event: QEvent) -> bool:
        """Follow parts that come, go, or are of another width."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._share_out()
        return done

    def _size(self, parts: list[QWidget]) -> QSize:
        ends = [] if self._corner is None else [self._corner]
        sizes = [_wanted(widget) for widget in (*parts, *ends) if not is_put_away(widget)]
        wide = sum(size.width() for size in sizes) + SPACE_M * max(0, len(sizes) - 1)
        # What is lent is as high as it will be when it comes back: nothing jumps then.
        high = max((_wanted(part.widget).height() for part in self._parts), default=0)
        return QSize(wide, max([high, *(size.height() for size in sizes)]))

    def _share_out(self) -> None:
        free = self.width() - self._size([]).width()
        for part in sorted(self._parts, key=lambda part: not part.keep):
            # What is put away for another reason takes no room wherever it is.
            needed = 0 if is_put_away(part.widget) else _wanted(part.widget).width() + SPACE_M
            if needed <= free:
                free -= needed
                self._take_back(part)
            else:
                self._lend(part)

    def _lend(self, part: _Part) -> None:
        if part.away is None:
            before = self._parts[: self._parts.index(part)]
            place = sum(other.away is not None for other in before)
            self._row.removeWidget(part.widget)
            part.away = self._drawer.lend(part.widget, part.sentence, place)

    def _take_back(self, part: _Part) -> None:
        if part.away is None:
            return
        before = self._parts[: self._parts.index(part)]
        hidden = is_put_away(part.widget)
        part.away.release()
        part.away = None
        self._row.insertWidget(sum(other.away is None for other in before), part.widget)
        part.widget.setHidden(hidden)


def _wanted(widget: QWidget) -> QSize:
    """Return the size that a layout would give a widget."""
    hint = widget.sizeHint().expandedTo(widget.minimumSizeHint())
    return hint.boundedTo(widget.maximumSize()).expandedTo(widget.minimumSize())
