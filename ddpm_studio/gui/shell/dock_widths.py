"""Dock widths come back when a window that was narrow is wide again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ddpm_studio.gui.shell.folding_dock import FoldingDock

_MOST = 9999
_BESIDE = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class DockWidths(QObject):
    """Remembers the widths that a person or the layout gave; Qt forgets them when it squeezes.

    Args:
        window: has the docks; it becomes the owner.
        docks: those to look after.
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
        """Let these docks have these widths, in pixels, wherever there is room."""
        self._first = self._given = dict(zip(docks, widths, strict=True))
        self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)

    def given(self, dock: QDockWidget) -> int:
        """Return how wide a dock is where there is room, in pixels."""
        return self._given.get(dock, self._first.get(dock, dock.width()))

    def keep_in(self, store: QSettings) -> None:
        """Write down what was given."""
        for dock, width in self._given.items():
            store.setValue(_key(dock), width)

    def restore(self, store: QSettings) -> None:
        """Take up what was written down; else what is seen first counts as given."""
        self._given = {}
        for dock in self._docks:
            kept = str(store.value(_key(dock), ""))
            if kept.isdecimal() and int(kept) <= _MOST:
                self._given[dock] = int(kept)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size, and the mouse on what parts the docks from the middle."""
        kind = event.type()
        if kind == QEvent.Type.MouseButtonPress:
            self._pressed = self._widths()
        elif kind in (
            QEvent.Type.Resize,
            QEvent.Type.Show,
            QEvent.Type.MouseButtonRelease,
        ):
            # Not before Qt has laid everything out.
            self._settled.start()
        return super().eventFilter(watched, event)

    def _widths(self) -> dict[QDockWidget, int]:
        """Those of the docks that are seen beside the middle."""
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
        # Only what the mouse has moved: another dock may be squeezed at the time.
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
