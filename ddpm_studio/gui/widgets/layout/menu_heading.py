"""Section heading in a menu."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidgetAction

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label


def add_heading(menu: QMenu, text: str) -> None:
    """Add a section heading to a menu, separated from the entries before by a line.

    ``QMenu.addSection`` would do the same, but with a style sheet its text is not drawn.
    """
    if menu.actions():
        menu.addSeparator()
    text_label = label(text, "caption")
    text_label.setContentsMargins(SPACE_M + SPACE_S, SPACE_S, SPACE_M, SPACE_S)
    heading = QWidgetAction(menu)
    heading.setText(text)
    heading.setDefaultWidget(text_label)
    # Disabled, so that neither the pointer nor the arrow keys select it.
    heading.setEnabled(False)
    menu.addAction(heading)
