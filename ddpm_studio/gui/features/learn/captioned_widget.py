"""A widget with a caption below it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import number_label


class CaptionedWidget(QWidget):
    """A picture or a plot with a caption, which names it and may give a value.

    Args:
        widget: the widget above the caption.
        caption: the initial caption.
        parent: the owner.
    """

    def __init__(self, widget: QWidget, caption: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = number_label(caption, "caption")
        self.caption.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.caption.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(widget, 1)
        layout.addWidget(self.caption)

    def set_caption(self, caption: str) -> None:
        """Set the caption."""
        self.caption.setText(caption)
