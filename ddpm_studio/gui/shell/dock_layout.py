"""Dock layout: the initial arrangement, and saving and restoring it between sessions."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from ddpm_studio.gui.shell.dock_folding import INITIAL_HEIGHT, DockFolding
from ddpm_studio.gui.shell.dock_widths import DockWidths
from ddpm_studio.gui.shell.folding_dock import FoldingDock
from ddpm_studio.gui.workspace.studio import Studio

_VERSION = 1
_GEOMETRY = "window/geometry"
_STATE = "window/state"


class DockLayout(QObject):
    """Creates the docks and lays them out: Data left, Training right, Jobs and Pins below.

    Args:
        window: the main window of the docks; it becomes the owner.
        studio: tells whether there is a model to draw with: the central area then needs more room.
    """

    def __init__(self, window: QMainWindow, studio: Studio) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        areas = Qt.DockWidgetArea
        data = FoldingDock(self.tr("Data"), "database", window)
        training = FoldingDock(self.tr("Training"), "activity", window)
        jobs, pins = QDockWidget(self.tr("Jobs"), window), QDockWidget(self.tr("Pins"), window)
        self.side_docks = [data, training]
        self.docks: list[QDockWidget] = [
            self._add("data", data, areas.LeftDockWidgetArea),
            self._add("training", training, areas.RightDockWidgetArea),
            self._add("jobs", jobs, areas.BottomDockWidgetArea),
            self._add("pins", pins, areas.BottomDockWidgetArea),
        ]
        self._widths = DockWidths(window, self.docks)
        self.folding = DockFolding(window, self.side_docks, [jobs, pins], self._widths)
        self._arrange()
        self._initial_state = window.saveState(_VERSION)
        for signal in (studio.run_changed, studio.training_changed):
            signal.connect(self._on_run)

    def save_to(self, store: QSettings) -> None:
        """Save the geometry of the window and the state of its docks to ``store``."""
        store.setValue(_GEOMETRY, self._window.saveGeometry())
        store.setValue(_STATE, self._window.saveState(_VERSION))
        self._widths.save_to(store)

    def restore(self, store: QSettings) -> None:
        """Restore the geometry of the window and the state of its docks, if saved in ``store``."""
        geometry, state = store.value(_GEOMETRY), store.value(_STATE)
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
        if isinstance(state, QByteArray):
            self._window.restoreState(state, _VERSION)
            self._widths.restore(store)

    def reset(self) -> None:
        """Restore the initial arrangement of the docks."""
        for dock in self.side_docks:
            dock.unfold()
        self._window.restoreState(self._initial_state, _VERSION)
        self._arrange()
        self.folding.update_layout()

    def _on_run(self) -> None:
        self.folding.show_pictures(self._studio.can_draw)

    def _add(self, name: str, dock: QDockWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock.setObjectName(name)
        dock.setAccessibleName(dock.windowTitle())
        self._window.addDockWidget(area, dock)
        return dock

    def _arrange(self) -> None:
        data, training, jobs, pins = self.docks
        for dock in self.docks:
            dock.setFloating(False)
            dock.show()
        horizontal, vertical = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        self._window.splitDockWidget(jobs, pins, horizontal)
        self._widths.set_widths([data, training], [272, 344])
        self._window.resizeDocks([jobs, pins], [640, 640], horizontal)
        self._window.resizeDocks([jobs, pins], [INITIAL_HEIGHT] * 2, vertical)


def has_saved_layout(store: QSettings) -> bool:
    """Whether a layout was saved, that is, a window was closed before."""
    return store.contains(_GEOMETRY)
