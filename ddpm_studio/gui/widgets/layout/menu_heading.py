"""Menu section heading between entries."""

from __future__ import annotations

from PySide6.QtWidgets import QMenu, QWidgetAction

from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label


def add_heading(menu: QMenu, text: str) -> None:
    """Say what the entries that follow are about; a line parts them from those before.

    ``QMenu.addSection`` would do the same, but under a style sheet its words are not drawn.
    """
    if menu.actions():
        menu.addSeparator()
    words = label(text, "caption")
    words.setContentsMargins(SPACE_M + SPACE_S, SPACE_S, SPACE_M, SPACE_S)
    heading = QWidgetAction(menu)
    heading.setText(text)
    heading.setDefaultWidget(words)
    # Neither the pointer nor the arrow keys stop at it.
    heading.setEnabled(False)
    menu.addAction(heading)
