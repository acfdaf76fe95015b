"""A widget and a line of words below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import number_label


class Captioned(QWidget):
    """Shows what a picture or a plot is, and a number of it, below it.

    Args:
        shown: what is seen.
        words: the line at first.
        parent: the owner.
    """

    def __init__(self, shown: QWidget, words: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words = number_label(words, "caption")
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.words.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(shown, 1)
        layout.addWidget(self.words)

    def say(self, words: str) -> None:
        """Write another line."""
        self.words.setText(words)
