"""Collapsible section: a heading that shows and hides its content."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QToolButton, QWidget

from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import ICON_SIZE
from ddpm_studio.gui.widgets.layout.basics import name


class CollapsibleHeading(QToolButton):
    """Heading of a collapsible section; shows and hides a widget elsewhere in the layout.

    Args:
        text: text of the heading.
        content: the widget to show and hide.
        unfolded: whether it is expanded initially.
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
        self.set_text(text, tip)
        self.toggled.connect(self._show)
        self._show_arrow()
        # Not shown here: a widget without a parent would appear as a top-level window.
        if not unfolded:
            content.hide()

    def set_text(self, text: str, tip: str = "") -> None:
        """Change the text and the tooltip."""
        self.setText(text)
        name(self, text, tip)

    def set_available(self, available: bool) -> None:
        """Show or hide the whole section: the heading and, if expanded, its content."""
        self.setVisible(available)
        self._content.setVisible(available and self.isChecked())

    def _show(self) -> None:
        self._show_arrow()
        self._content.setVisible(self.isChecked())

    def _show_arrow(self) -> None:
        set_icon(self, "chevron-down" if self.isChecked() else "chevron-right", "muted")
