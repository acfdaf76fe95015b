"""Full-screen mode: the front tab alone, without menus, tab bar and docks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from ddpm_studio.gui.shell.folding_dock import FoldingDock
from ddpm_studio.gui.workspace.actions import ActionRegistry


class FullScreen(QObject):
    """Registers the full-screen action; F11 toggles it, Escape leaves it.

    Args:
        actions: where the action is registered.
        window: the window to show full screen; it becomes the owner.
        tabs: the tabs, of which the front one stays visible.
        docks: the docks to hide meanwhile.
        notify: shows a temporary message on how to leave.
    """

    def __init__(
        self,
        actions: ActionRegistry,
        window: QMainWindow,
        tabs: QTabWidget,
        docks: Sequence[QDockWidget],
        notify: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._notify = notify
        self._window, self._tabs, self._docks = window, tabs, docks
        self._hidden: list[QWidget] = []
        self._maximized = False
        self._action = actions.add(
            "view.full_screen",
            self.tr("Full screen"),
            self._set_full_screen,
            category=self.tr("&View"),
            shortcut="F11",
            icon="maximize",
            tip=self.tr("The pictures alone, on the whole screen; F11 or Escape returns"),
            keywords=self.tr("presentation projector lecture"),
            checkable=True,
        )
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Event filter of the window: leave full screen on an Escape that no child handled."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.KeyPress
            and event.key() == Qt.Key.Key_Escape
            and self._action.isChecked()
        ):
            self._action.trigger()
            return True
        return super().eventFilter(watched, event)

    def _set_full_screen(self, full_screen: bool) -> None:
        if full_screen:
            self._maximized = self._window.isMaximized()
            bars = (self._window.menuBar(), self._tabs.tabBar(), *self._docks)
            self._hidden = [bar for bar in bars if not bar.isHidden()]
            for bar in self._hidden:
                if isinstance(bar, FoldingDock):
                    bar.close_sheet()
                bar.hide()
            self._window.showFullScreen()
            self._notify(self.tr("F11 or Escape returns."))
            return
        for bar in self._hidden:
            bar.show()
        self._hidden = []
        if self._maximized:
            self._window.showMaximized()
        else:
            self._window.showNormal()

    def leave(self) -> None:
        """Leave full screen and show the hidden parts, such as before the layout is saved."""
        if self._action.isChecked():
            self._action.trigger()
