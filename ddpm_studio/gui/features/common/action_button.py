"""Buttons bound to a :class:`QAction`: they follow its text, tool tip and enabled state."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE
from ddpm_studio.gui.widgets.layout.basics import name

_INKS = {"primary": "on_accent", "danger": "danger", "link": "accent"}


class ActionButton(QPushButton):
    """Push button that mirrors an action's text, tool tip and enabled state, and triggers it.

    Args:
        action: the action to mirror and trigger.
        icon: name of an icon; empty: none.
        role: primary, danger or link, as in the style sheet; empty: none.
        parent: the owner.
    """

    def __init__(
        self, action: QAction, icon: str = "", role: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._action = action
        self._icon = ""
        self._ink = _INKS.get(role, "text")
        if role:
            self.setProperty("role", role)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.clicked.connect(self._trigger)
        action.changed.connect(self._follow)
        if icon:
            self.show_icon(icon)
        self._follow()

    def show_icon(self, icon: str) -> None:
        """Change the icon, given by name."""
        if icon != self._icon:
            self._icon = icon
            set_icon(self, icon, self._ink)

    def _follow(self) -> None:
        text = self._action.text()
        self.setText(text)
        self.setEnabled(self._action.isEnabled())
        name(self, text.replace("&", ""), self._action.toolTip())

    def _trigger(self) -> None:
        self._action.trigger()


class ActionTool(QToolButton):
    """Flat tool button for an action, which shows its icon alone or a short text.

    Args:
        action: its default action; a checkable one keeps the button pressed while checked.
        text: label shown instead of the icon; empty: the icon.
        parent: the owner.
    """

    def __init__(self, action: QAction, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDefaultAction(action)
        if text:
            action.setIconText(text)
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(action.text().replace("&", ""))
        self.setAccessibleDescription(str(action.property("tip")))
