"""A widget with a caption below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import number_label


class Captioned(QWidget):
    """A picture or a plot with a caption, which names it and may give a value.

    Args:
        shown: the widget above the caption.
        words: the initial caption.
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
        """Set the caption."""
        self.words.setText(words)
