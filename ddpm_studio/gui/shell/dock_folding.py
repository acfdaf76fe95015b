"""Automatic folding of docks in narrow windows: the central area has priority."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from ddpm_studio.gui.shell.dock_widths import DockWidths
from ddpm_studio.gui.shell.folding_dock import RAIL, FoldingDock

MIN_CENTRAL_WIDTH = 560
"""Minimum width of the central area, in pixels: below it, side docks fold one by one."""
MIN_CENTRAL_WIDTH_WITH_PICTURES = 780
"""The same while the central area has pictures to show."""
INITIAL_HEIGHT = 76
"""Initial height of the bottom docks, in pixels."""
MIN_HEIGHT_WITH_TITLES = 760
"""Height in pixels below which the window hides the title bars of the bottom docks."""
_SEPARATORS = 16
# Explicit, as Qt's minimum would include the unfolded docks, which can fold.
_MIN_WINDOW_SIZE = 560, 400
# Pixels: the height of a row of Jobs, and of a dock's title bar.
_ROW_HEIGHT, _TITLE_BAR_HEIGHT = 48, 29


class DockFolding(QObject):
    """Folds the side docks where the central area would be too narrow, and unfolds them again.

    Args:
        window: the docks' main window; it becomes the owner.
        side_docks: the left and right docks; the first folds first.
        bottom_docks: the bottom docks.
        widths: the preferred widths of the docks.
    """

    def __init__(
        self,
        window: QMainWindow,
        side_docks: Sequence[FoldingDock],
        bottom_docks: Sequence[QDockWidget],
        widths: DockWidths,
    ) -> None:
        super().__init__(window)
        self._window, self._side_docks, self._bottom_docks = window, side_docks, bottom_docks
        self._widths = widths
        self._hides_titles = False
        self._min_central_width = MIN_CENTRAL_WIDTH
        self._heights = [INITIAL_HEIGHT] * len(bottom_docks)
        # Kept and reused, as Qt does not delete a title bar widget that it replaces.
        self._empty_title_bars = [QWidget(dock) for dock in bottom_docks]
        for title in self._empty_title_bars:
            title.hide()
        window.setMinimumSize(*_MIN_WINDOW_SIZE)
        window.installEventFilter(self)

    def show_pictures(self, has_pictures: bool) -> None:
        """Reserve more width for the central area while it has pictures to show."""
        self._min_central_width = (
            MIN_CENTRAL_WIDTH_WITH_PICTURES if has_pictures else MIN_CENTRAL_WIDTH
        )
        self.update_layout()

    def update_layout(self) -> None:
        """Fold or unfold the docks to suit the window's size."""
        docks = [dock for dock in self._side_docks if not dock.isHidden() and not dock.isFloating()]
        docks_width = sum(self._widths.preferred_width(dock) for dock in docks) + _SEPARATORS
        central_width = self._window.width() - docks_width
        for dock in docks:
            if central_width < self._min_central_width:
                dock.fold()
                central_width += self._widths.preferred_width(dock) - RAIL
            else:
                dock.unfold(self._widths.preferred_width(dock))
            if dock.button.isChecked():
                dock.reposition_sheet(self._widths.preferred_width(dock))
        self._update_title_bars(self._window.height() < MIN_HEIGHT_WITH_TITLES)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the window: settle on resize and show."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            # Before Qt lays out the docks, so that it need not squeeze those that fold.
            self.update_layout()
        return super().eventFilter(watched, event)

    def _update_title_bars(self, hidden: bool) -> None:
        if hidden == self._hides_titles:
            return
        self._hides_titles = hidden
        heights = [_ROW_HEIGHT] * len(self._bottom_docks) if hidden else self._heights
        if hidden:
            self._heights = [dock.height() - _TITLE_BAR_HEIGHT for dock in self._bottom_docks]
        for dock, title in zip(self._bottom_docks, self._empty_title_bars, strict=True):
            dock.setTitleBarWidget(title if hidden else None)  # type: ignore[arg-type]
        self._window.resizeDocks(self._bottom_docks, heights, Qt.Orientation.Vertical)
