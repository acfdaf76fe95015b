"""Drop zone for pictures, folders and runs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QWidget

from ddpm_studio.gui.platform.images import paths_from_mime
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import IconLabel, label, name, set_property

_ICON = 32


class DropZone(QFrame):
    """Target for drag and drop; a click, Enter or Space emits ``choose_requested`` instead."""

    dropped = Signal(list)
    """Emitted with the dropped paths, a list of Path."""
    choose_requested = Signal()

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._icon = IconLabel("images", _ICON)
        self._text = label(text or self.tr("Drop pictures here"))
        self._hint = label(self.tr("a folder, a zip, files or a run – or click to choose"), "muted")
        self._hint.setWordWrap(True)
        for part in (self._text, self._hint):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QBoxLayout(QBoxLayout.Direction.TopToBottom, self)
        self._layout.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignCenter)
        self._layout.addWidget(self._text)
        self._layout.addWidget(self._hint)
        self.set_compact(False)
        name(
            self,
            self._text.text(),
            self.tr("Drop a folder, a zip, picture files or a run; click to choose a folder"),
        )

    def set_compact(self, compact: bool) -> None:
        """Switch between one line and the large form with icon and hint."""
        self._hint.setVisible(not compact)
        direction = QBoxLayout.Direction
        self._layout.setDirection(direction.LeftToRight if compact else direction.TopToBottom)
        self._icon.setVisible(not compact)
        space = SPACE_M if compact else SPACE_L
        self._layout.setContentsMargins(space, space, space, space)
        self._layout.setSpacing(SPACE_M)
        self.updateGeometry()

    def set_horizontal(self) -> None:
        """Lay out as a row: icon, text and hint side by side."""
        self._layout.setDirection(QBoxLayout.Direction.LeftToRight)
        self._layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        self._layout.setStretchFactor(self._hint, 1)
        self._hint.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept dragged files and folders, and highlight the zone."""
        if paths_from_mime(event.mimeData()):
            set_property(self, "over", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        set_property(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Emit ``dropped`` with the paths."""
        set_property(self, "over", False)
        found = paths_from_mime(event.mimeData())
        if found:
            event.acceptProposedAction()
            self.dropped.emit(found)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit ``choose_requested`` on a left click."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.choose_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit ``choose_requested`` on Enter or Space."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose_requested.emit()
        else:
            super().keyPressEvent(event)
