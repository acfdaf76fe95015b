"""Preferred dock widths, restored when a narrow window becomes wide again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ddpm_studio.gui.shell.folding_dock import FoldingDock

_MOST = 9999
_BESIDE = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class DockWidths(QObject):
    """Preferred widths, set by the user or the layout; Qt forgets them when it squeezes docks.

    Args:
        window: the docks' main window; it becomes the owner.
        docks: the docks whose widths are kept.
    """

    def __init__(self, window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._given: dict[QDockWidget, int] = {}
        self._first = self._given
        self._pressed: dict[QDockWidget, int] = {}
        self._settled = QTimer(self, singleShot=True)
        self._settled.timeout.connect(self._settle)
        for dock in docks:
            dock.dockLocationChanged.connect(self._on_moved)
        window.installEventFilter(self)

    def give(self, docks: Sequence[QDockWidget], widths: Sequence[int]) -> None:
        """Set the preferred widths of docks, in pixels, and apply them."""
        self._first = self._given = dict(zip(docks, widths, strict=True))
        self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)

    def given(self, dock: QDockWidget) -> int:
        """Return the preferred width of a dock, in pixels."""
        return self._given.get(dock, self._first.get(dock, dock.width()))

    def keep_in(self, store: QSettings) -> None:
        """Save the preferred widths to ``store``."""
        for dock, width in self._given.items():
            store.setValue(_key(dock), width)

    def restore(self, store: QSettings) -> None:
        """Load the preferred widths from ``store``; others use their first shown width."""
        self._given = {}
        for dock in self._docks:
            kept = str(store.value(_key(dock), ""))
            if kept.isdecimal() and int(kept) <= _MOST:
                self._given[dock] = int(kept)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the window: track its size, and separators dragged with the mouse."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed = self._widths()
        elif kind in (
            QEvent.Type.Resize,
            QEvent.Type.Show,
            QEvent.Type.MouseButtonRelease,
        ):
            # Deferred until Qt has laid everything out.
            self._settled.start()
        return super().eventFilter(watched, event)

    def _widths(self) -> dict[QDockWidget, int]:
        """Return the current widths of the docks shown left and right, except folded ones."""
        return {
            dock: dock.width()
            for dock in self._docks
            if dock.isVisible()
            and not (isinstance(dock, FoldingDock) and dock.folded)
            and not dock.isFloating()
            and self._window.dockWidgetArea(dock) in _BESIDE
        }

    def _settle(self) -> None:
        now, pressed = self._widths(), self._pressed
        self._pressed = {}
        # Only docks resized by the mouse: another may be squeezed meanwhile.
        moved = {dock: now[dock] for dock in now if pressed.get(dock, now[dock]) != now[dock]}
        self._given = now | self._given | moved
        squeezed = [dock for dock, width in now.items() if width < self._given[dock]]
        if squeezed:
            wanted = [self._given[dock] for dock in squeezed]
            self._window.resizeDocks(squeezed, wanted, Qt.Orientation.Horizontal)

    def _on_moved(self) -> None:
        dock = self.sender()
        if isinstance(dock, QDockWidget):
            self._given = {kept: self._given[kept] for kept in self._given if kept is not dock}
            self._settled.start()


def _key(dock: QDockWidget) -> str:
    return f"window/width_{dock.objectName()}"
