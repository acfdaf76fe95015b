"""A collapsible section: a heading that shows and hides what is below it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE
from ddpm_studio.gui.widgets.layout.basics import name


class CollapsibleHeading(QToolButton):
    """Shows and hides a widget that lies elsewhere in the layout.

    Args:
        text: what it says.
        content: what it folds.
        unfolded: the first state.
        tip: one line for the tooltip.
    """

    def __init__(self, text: str, content: QWidget, unfolded: bool = True, tip: str = "") -> None:
        super().__init__()
        self._content = content
        self.setProperty("role", "fold")
        self.setCheckable(True)
        self.setChecked(unfolded)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(ICON_SIZE, ICON_SIZE))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.say(text, tip)
        self.toggled.connect(self._show)
        self._show_arrow()
        # What is not laid out yet would be shown as a window of its own.
        if not unfolded:
            content.hide()

    def say(self, text: str, tip: str = "") -> None:
        """Say something else."""
        self.setText(text)
        name(self, text, tip)

    def set_available(self, available: bool) -> None:
        """Show or hide it together with what it folds."""
        self.setVisible(available)
        self._content.setVisible(available and self.isChecked())

    def _show(self) -> None:
        self._show_arrow()
        self._content.setVisible(self.isChecked())

    def _show_arrow(self) -> None:
        set_icon(self, "chevron-down" if self.isChecked() else "chevron-right", "muted")
