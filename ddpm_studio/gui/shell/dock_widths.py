"""Preferred dock widths, restored when a narrow window becomes wide again."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSettings, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ddpm_studio.gui.shell.folding_dock import FoldingDock

_MAX_WIDTH = 9999
_SIDE_AREAS = (Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea)


class DockWidths(QObject):
    """Preferred widths, set by the user or the layout; Qt forgets them when it squeezes docks.

    Args:
        window: the docks' main window; it becomes the owner.
        docks: the docks whose widths are kept.
    """

    def __init__(self, window: QMainWindow, docks: Sequence[QDockWidget]) -> None:
        super().__init__(window)
        self._window, self._docks = window, docks
        self._preferred: dict[QDockWidget, int] = {}
        self._initial = self._preferred
        self._pressed: dict[QDockWidget, int] = {}
        self._settle_timer = QTimer(self, singleShot=True)
        self._settle_timer.timeout.connect(self._apply_preferred)
        for dock in docks:
            dock.dockLocationChanged.connect(self._on_moved)
        window.installEventFilter(self)

    def set_widths(self, docks: Sequence[QDockWidget], widths: Sequence[int]) -> None:
        """Set the preferred widths of docks, in pixels, and apply them."""
        self._initial = self._preferred = dict(zip(docks, widths, strict=True))
        self._window.resizeDocks(docks, widths, Qt.Orientation.Horizontal)

    def preferred_width(self, dock: QDockWidget) -> int:
        """Return the preferred width of a dock, in pixels."""
        return self._preferred.get(dock, self._initial.get(dock, dock.width()))

    def save_to(self, store: QSettings) -> None:
        """Save the preferred widths to ``store``."""
        for dock, width in self._preferred.items():
            store.setValue(_key(dock), width)

    def restore(self, store: QSettings) -> None:
        """Load the preferred widths from ``store``; others use their first shown width."""
        self._preferred = {}
        for dock in self._docks:
            saved = str(store.value(_key(dock), ""))
            if saved.isdecimal() and int(saved) <= _MAX_WIDTH:
                self._preferred[dock] = int(saved)

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
            self._settle_timer.start()
        return super().eventFilter(watched, event)

    def _widths(self) -> dict[QDockWidget, int]:
        """Return the current widths of the docks shown left and right, except folded ones."""
        return {
            dock: dock.width()
            for dock in self._docks
            if dock.isVisible()
            and not (isinstance(dock, FoldingDock) and dock.folded)
            and not dock.isFloating()
            and self._window.dockWidgetArea(dock) in _SIDE_AREAS
        }

    def _apply_preferred(self) -> None:
        current, pressed = self._widths(), self._pressed
        self._pressed = {}
        # Only docks resized by the mouse: another may be squeezed meanwhile.
        moved = {
            dock: width for dock, width in current.items() if pressed.get(dock, width) != width
        }
        self._preferred = current | self._preferred | moved
        squeezed = [dock for dock, width in current.items() if width < self._preferred[dock]]
        if squeezed:
            preferred = [self._preferred[dock] for dock in squeezed]
            self._window.resizeDocks(squeezed, preferred, Qt.Orientation.Horizontal)

    def _on_moved(self) -> None:
        dock = self.sender()
        if isinstance(dock, QDockWidget):
            self._preferred = {
                other: width for other, width in self._preferred.items() if other is not dock
            }
            self._settle_timer.start()


def _key(dock: QDockWidget) -> str:
    return f"window/width_{dock.objectName()}"
