"""Automatic folding of docks in narrow windows: the central area has priority."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from ddpm_studio.gui.shell.dock_widths import DockWidths
from ddpm_studio.gui.shell.folding_dock import RAIL, FoldingDock

LEAST_MIDDLE = 560
"""Minimum width of the central area, in pixels: below it, side docks fold one by one."""
LEAST_FOR_PICTURES = 780
"""The same while the central area has pictures to show."""
FIRST_HEIGHT = 76
"""Initial height of the bottom docks, in pixels."""
LEAST_HEIGHT = 760
"""Height in pixels below which the window hides the title bars of the bottom docks."""
_SEPARATORS = 16
# Explicit, as Qt's minimum would include the unfolded docks, which can fold.
_LEAST_WINDOW = 560, 400
# Pixels: the height of a row of Jobs, and of a dock's title bar.
_LOW, _TITLE = 48, 29


class DockFolding(QObject):
    """Folds the side docks where the central area would be too narrow, and unfolds them again.

    Args:
        window: the docks' main window; it becomes the owner.
        beside: the left and right docks; the first folds first.
        below: the bottom docks.
        widths: the preferred widths of the docks.
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
        # Kept and reused, as Qt does not delete a title bar widget that it replaces.
        self._no_titles = [QWidget(dock) for dock in below]
        for title in self._no_titles:
            title.hide()
        window.setMinimumSize(*_LEAST_WINDOW)
        window.installEventFilter(self)

    def show_pictures(self, shown: bool) -> None:
        """Reserve more width for the central area while it has pictures to show."""
        self._least = LEAST_FOR_PICTURES if shown else LEAST_MIDDLE
        self.settle()

    def settle(self) -> None:
        """Fold or unfold the docks to suit the window's size."""
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
        """Event filter of the window: settle on resize and show."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            # Before Qt lays out the docks, so that it need not squeeze those that fold.
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
