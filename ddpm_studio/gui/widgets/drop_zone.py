"""A place that says "drop here", and takes what is dropped."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QKeyEvent,
    QMouseEvent,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.gui.images import paths_from_mime
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.basics import IconLabel, button, label, name, set_property


class DropZone(QFrame):
    """Takes files and folders by drop; a click, Enter or its button asks for a chooser.

    Args:
        icon: name of an icon.
        text: one line on what may be dropped; empty: pictures.
        button_text: what the button says; empty: "Choose…".
        compact: one low row instead of a tall field.
        parent: the owner.
    """

    dropped = Signal(list)
    choose_requested = Signal()

    def __init__(
        self,
        icon: str = "folder-open",
        text: str = "",
        button_text: str = "",
        *,
        compact: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        text = text or self.tr("Drop pictures, a folder or an archive here")
        self._text = label(text, wrap=True)
        self.button = button(
            button_text or self.tr("Choose…"), self.tr("Choose from the disk instead")
        )
        self.button.clicked.connect(self.choose_requested)
        mark = IconLabel(icon, 20 if compact else 28)
        row = QHBoxLayout(self) if compact else QVBoxLayout(self)
        edge = SPACE_M if compact else SPACE_L
        row.setContentsMargins(SPACE_L, edge, edge if compact else SPACE_L, edge)
        row.setSpacing(SPACE_M)
        middle = Qt.AlignmentFlag.AlignCenter
        if compact:
            row.addWidget(mark)
            row.addWidget(self._text, 1)
            row.addWidget(self.button)
        else:
            self._text.setAlignment(middle)
            row.addStretch()
            row.addWidget(mark, alignment=middle)
            row.addWidget(self._text)
            row.addWidget(self.button, alignment=middle)
            row.addStretch()
            self.setMinimumHeight(128)
        name(self, text, self.tr("Drop here, or press Enter to choose"))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for files and folders."""
        if paths_from_mime(event.mimeData()):
            event.acceptProposedAction()
            set_property(self, "over", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go dark again."""
        set_property(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hand the paths on."""
        set_property(self, "over", False)
        paths = paths_from_mime(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.dropped.emit(paths)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask for a chooser."""
        inside = self.rect().contains(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and inside:
            self.choose_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ask for a chooser by Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose_requested.emit()
        else:
            super().keyPressEvent(event)
