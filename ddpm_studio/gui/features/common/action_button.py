"""Buttons that are the views of actions."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE
from ddpm_studio.gui.widgets.layout.basics import name

_INKS = {"primary": "on_accent", "danger": "danger", "link": "accent"}


class ActionButton(QPushButton):
    """Says what its action says, can be pressed when that can be done, and does it.

    Args:
        action: whose view it is.
        icon: name of an icon, or none.
        role: primary, danger, link or none, as in the style sheet.
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
        """Show another icon."""
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
    """A flat button for an action: its icon alone, or a short text.

    Args:
        action: whose view it is; a switch stays pressed.
        text: what it says instead of showing the icon.
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
