"""A place for one picture: drop, paste, choose or clear."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from ddpm_studio.gui.images import Pictures, has_picture, paths_from_mime, pictures_from_mime
from ddpm_studio.gui.tokens import SPACE_M
from ddpm_studio.gui.widgets.basics import IconLabel, label, name, set_property, tool_button
from ddpm_studio.gui.widgets.picture_drag import drag_picture, enlarged

_SIDE = 112


class PictureSlot(QFrame):
    """Holds one picture (H, W, C) or none."""

    changed = Signal(object)
    """The new picture, or None."""
    files_dropped = Signal(list)
    """Files that the backend has to read and prepare, as a list of Path."""
    choose_requested = Signal()

    def __init__(self, title: str, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture: Pictures | None = None
        self._recipe: dict[str, object] | None = None
        self._pressed: QPoint | None = None
        self.setProperty("role", "drop")
        self.setAcceptDrops(True)
        self.setFixedSize(_SIDE, _SIDE)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._title = label(title, "heading")
        self._hint = label(hint or self.tr("drop a picture"), "caption", wrap=True)
        self._icon = IconLabel("image", 24)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        layout.setSpacing(0)
        layout.addStretch()
        layout.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignHCenter)
        for part in (self._title, self._hint):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(part)
        layout.addStretch()
        self.clear_button = tool_button("x", self.tr("Take the picture out"))
        self.clear_button.setParent(self)
        self.clear_button.clicked.connect(self.clear)
        name(self, title, self.tr("Drop or paste a picture; click to choose a file"))
        self._show()

    @property
    def picture(self) -> Pictures | None:
        """The picture, or None."""
        return self._picture

    @property
    def recipe(self) -> dict[str, object] | None:
        """How it was made, if known."""
        return self._recipe

    def set_picture(
        self, picture: Pictures | None, recipe: dict[str, object] | None = None
    ) -> None:
        """Hold another picture; emits ``changed``."""
        self._picture, self._recipe = picture, recipe
        self._show()
        self.changed.emit(picture)

    def clear(self) -> None:
        """Hold none."""
        if self._picture is not None:
            self.set_picture(None)

    def paste(self) -> None:
        """Take a picture from the clipboard."""
        found = pictures_from_mime(QGuiApplication.clipboard().mimeData())
        if found:
            self.set_picture(found[0].picture, found[0].recipe)

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(_SIDE, _SIDE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the clear button in the upper right corner."""
        super().resizeEvent(event)
        self.clear_button.adjustSize()
        self.clear_button.move(self.width() - self.clear_button.width() - 4, 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture over the frame, its pixels true."""
        super().paintEvent(event)
        if self._picture is None:
            return
        ratio = self.devicePixelRatioF()
        shown = enlarged(self._picture, self.width() - 8, ratio)
        size = shown.deviceIndependentSize()
        painter = QPainter(self)
        painter.drawPixmap(
            round((self.width() - size.width()) / 2),
            round((self.height() - size.height()) / 2),
            shown,
        )
        painter.end()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take pictures and files."""
        if has_picture(event.mimeData()) or paths_from_mime(event.mimeData()):
            set_property(self, "over", True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Look as before."""
        set_property(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Hold what was dropped; files are left to whoever can prepare them."""
        set_property(self, "over", False)
        files = paths_from_mime(event.mimeData())
        if files:
            event.acceptProposedAction()
            self.files_dropped.emit(files)
            return
        found = pictures_from_mime(event.mimeData())
        if found:
            event.acceptProposedAction()
            self.set_picture(found[0].picture, found[0].recipe)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may have begun."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Carry the picture away."""
        if self._pressed is None or self._picture is None:
            return
        moved = (event.position().toPoint() - self._pressed).manhattanLength()
        if moved >= QApplication.startDragDistance():
            self._pressed = None
            drag_picture(self, self._picture, self._recipe)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ask to choose."""
        if self._pressed is not None and self.rect().contains(event.position().toPoint()):
            self.choose_requested.emit()
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter chooses, Ctrl+V pastes, Delete clears."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose_requested.emit()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        else:
            super().keyPressEvent(event)

    def _show(self) -> None:
        empty = self._picture is None
        for part in (self._icon, self._title, self._hint):
            part.setVisible(empty)
        self.clear_button.setVisible(not empty)
        self.update()
