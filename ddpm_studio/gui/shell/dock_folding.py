"""When docks fold by themselves: the pictures in the middle come first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from ddpm_studio.gui.shell.dock_widths import DockWidths
from ddpm_studio.gui.shell.folding_dock import RAIL, FoldingDock

LEAST_MIDDLE = 560
"""Pixels: where less would be left for the middle, a dock beside it folds, then the other."""
LEAST_FOR_PICTURES = 780
"""The same where the middle has pictures to show."""
FIRST_HEIGHT = 76
"""Pixels: of the docks below, at first."""
LEAST_HEIGHT = 760
"""Pixels: a lower window does without the titles of the docks below."""
_SEPARATORS = 16
# What docks need unfolded is no reason to keep a window large.
_LEAST_WINDOW = 560, 400
# As high as a row of Jobs, and what the title of a dock takes.
_LOW, _TITLE = 48, 29


class DockFolding(QObject):
    """Folds the docks beside the middle where that would be narrow, and lets them out again.

    Args:
        window: has the docks; it becomes the owner.
        beside: those left and right; the first folds first.
        below: those at the bottom.
        widths: knows how wide a dock is where there is room.
    """

    def __init__(
        self,
        window: QMainWindow,
        beside: Sequence[FoldingDock],
        below: Sequence[QDockWidget],
        widths: DockWidths,
    ) -> None:
        super().__init__(window)
        self._window, self._beside, self._below = window, beside, below
        self._widths = widths
        self._low = False
        self._least = LEAST_MIDDLE
        self._heights = [FIRST_HEIGHT] * len(below)
        # Qt lets go of a title without deleting it.
        self._no_titles = [QWidget(dock) for dock in below]
        for title in self._no_titles:
            title.hide()
        window.setMinimumSize(*_LEAST_WINDOW)
        window.installEventFilter(self)

    def show_pictures(self, shown: bool) -> None:
        """Leave the middle more room while it has pictures to show."""
        self._least = LEAST_FOR_PICTURES if shown else LEAST_MIDDLE
        self.settle()

    def settle(self) -> None:
        """Fold or unfold as the size of the window asks for."""
        docks = [dock for dock in self._beside if not dock.isHidden() and not dock.isFloating()]
        taken = sum(self._widths.given(dock) for dock in docks) + _SEPARATORS
        middle = self._window.width() - taken
        for dock in docks:
            if middle < self._least:
                dock.fold()
                middle += self._widths.given(dock) - RAIL
            else:
                dock.unfold(self._widths.given(dock))
            if dock.button.isChecked():
                dock.place_sheet(self._widths.given(dock))
        self._settle_below(self._window.height() < LEAST_HEIGHT)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the window."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            # Before Qt lays the docks out: what is folded then need not be squeezed.
            self.settle()
        return super().eventFilter(watched, event)

    def _settle_below(self, low: bool) -> None:
        if low == self._low:
            return
        self._low = low
        heights = [_LOW] * len(self._below) if low else self._heights
        if low:
            self._heights = [dock.height() - _TITLE for dock in self._below]
        for dock, title in zip(self._below, self._no_titles, strict=True):
            dock.setTitleBarWidget(title if low else None)  # type: ignore[arg-type]
        self._window.resizeDocks(self._below, heights, Qt.Orientation.Vertical)
