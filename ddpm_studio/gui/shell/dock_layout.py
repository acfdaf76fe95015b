"""Dock layout: where the docks lie, at first and the next time the window opens."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ddpm_studio.gui.shell.dock_widths import DockWidths

_VERSION = 1
_GEOMETRY = "window/geometry"
_STATE = "window/state"


class DockLayout(QObject):
    """Makes the docks and lays them out: Data left, Training right, Jobs and Pins below.

    Args:
        window: takes the docks; it becomes the owner.
    """

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        areas = Qt.DockWidgetArea
        self.docks = [
            self._dock("data", self.tr("Data"), areas.LeftDockWidgetArea),
            self._dock("training", self.tr("Training"), areas.RightDockWidgetArea),
            self._dock("jobs", self.tr("Jobs"), areas.BottomDockWidgetArea),
            self._dock("pins", self.tr("Pins"), areas.BottomDockWidgetArea),
        ]
        self._widths = DockWidths(window, self.docks)
        self._arrange()
        self._first = window.saveState(_VERSION)

    def keep_in(self, store: QSettings) -> None:
        """Write down where the window and its docks are."""
        store.setValue(_GEOMETRY, self._window.saveGeometry())
        store.setValue(_STATE, self._window.saveState(_VERSION))
        self._widths.keep_in(store)

    def restore(self, store: QSettings) -> None:
        """Put the window and its docks where they were, if that was written down."""
        geometry, state = store.value(_GEOMETRY), store.value(_STATE)
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self._window.restoreState(state, _VERSION)
            self._widths.restore(store)

    def reset(self) -> None:
        """Put every dock back where it was at first."""
        self._window.restoreState(self._first, _VERSION)
        self._arrange()

    def _dock(self, name: str, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setAccessibleName(title)
        self._window.addDockWidget(area, dock)
        return dock

    def _arrange(self) -> None:
        data, training, jobs, pins = self.docks
        for dock in self.docks:
            dock.setFloating(False)
            dock.show()
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._window.splitDockWidget(jobs, pins, horizontal)
        self._widths.give([data, training], [272, 344])
        self._window.resizeDocks([jobs, pins], [640, 640], horizontal)
        self._window.resizeDocks([jobs, pins], [76, 76], vertical)


def kept_in(store: QSettings) -> bool:
    """Tell whether a window was closed before, and its layout written down."""
    return store.contains(_GEOMETRY)
