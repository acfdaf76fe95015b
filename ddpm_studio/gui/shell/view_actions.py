"""View menu: dock visibility, theme, zoom and layout reset."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QDockWidget, QWidget

from ddpm_studio.gui.shell.zoom_actions import ZoomActions
from ddpm_studio.gui.theme.theme import Mode
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.settings import Preferences


class ViewActions(QObject):
    """Registers a toggle for each dock, the themes, the zoom, and "Reset layout".

    Args:
        actions: where the actions are registered.
        docks: the docks of the window.
        preferences: holds the theme setting.
        reset_layout: restores the initial dock layout.
        parent: the window; it becomes the owner.
    """

    def __init__(
        self,
        actions: ActionRegistry,
        docks: Sequence[QDockWidget],
        preferences: Preferences,
        reset_layout: Callable[[], None],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        view = self.tr("&View")
        for dock in docks:
            action = actions.add(
                f"view.{dock.objectName()}",
                self.tr("{dock} dock").format(dock=dock.windowTitle()),
                dock.setVisible,
                category=view,
                tip=self.tr("Show or hide this dock"),
                checkable=True,
                checked=True,
            )
            # Qt's own toggle action also reports a dock closed by its title bar button.
            dock.toggleViewAction().toggled.connect(action.setChecked)
        modes: list[tuple[Mode, str, str]] = [
            ("system", self.tr("Theme: as the system"), "monitor"),
            ("light", self.tr("Theme: light"), "sun"),
            ("dark", self.tr("Theme: dark"), "moon"),
        ]
        self._preferences = preferences
        self._themes = QActionGroup(self)
        ZoomActions(actions, parent)
        for mode, text, icon in modes:
            action = actions.add(
                f"view.theme_{mode}",
                text,
                lambda _, mode=mode: preferences.set("theme", mode),
                category=view,
                icon=icon,
                keywords=self.tr("colours mode appearance"),
                checkable=True,
            )
            action.setData(mode)
            self._themes.addAction(action)
        preferences.changed.connect(self._show_theme)
        self._show_theme()
        actions.add(
            "view.reset",
            self.tr("Reset layout"),
            reset_layout,
            category=view,
            icon="rotate-ccw",
            tip=self.tr("Reset the layout of the docks"),
        )

    def _show_theme(self) -> None:
        for action in self._themes.actions():
            action.setChecked(action.data() == self._preferences.now.theme)
