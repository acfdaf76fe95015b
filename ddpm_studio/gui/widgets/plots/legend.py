"""Rich-text captions of plots, and the legend of curves by colour."""

from __future__ import annotations

import html
from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import body_font
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M


class PlotCaption(QLabel):
    """Rich-text caption of a plot; its text does not widen the plot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setFont(body_font(FONT_CAPTION))
        self.setProperty("role", "caption")
        self.setWordWrap(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setContentsMargins(SPACE_M, 0, 0, 0)


class Legend(PlotCaption):
    """Names of curves, each with a dot in its colour; hidden unless there are several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hide()

    def show_names(self, named: Iterable[tuple[str, str]]) -> None:
        """Show the curves, each given by its colour ``#rrggbb`` and its name."""
        entries = [f"{dot(colour)} {html.escape(name)}" for colour, name in named]
        self.setVisible(len(entries) > 1)
        self.setText("&nbsp;&nbsp; ".join(entries))


def dot(colour: str) -> str:
    """Return a dot of a colour ``#rrggbb`` in rich text."""
    return f'<span style="color:{colour}">●</span>'
