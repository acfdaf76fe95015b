"""Picture slot: an input for one picture, by drop, paste or file dialog."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QVBoxLayout, QWidget

from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.platform.images import (
    PictureDrop,
    Pictures,
    band_selection,
    has_picture,
    pictures_from_mime,
)
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import IconLabel, label, name, set_property, tool_button
from ddpm_studio.gui.widgets.pictures.checkerboard import paint_checkerboard
from ddpm_studio.gui.widgets.pictures.picture_drag import copy_picture, drag_picture, scaled_pixmap

_MIN_SIDE_FOR_ICON = 112
# Below this height, the clear button is shown only on hover or focus: it would cover much.
_MIN_SIDE_FOR_CLEAR_BUTTON = 80


class PictureSlot(QFrame):
    """Input widget for one picture (H, W, C).

    Accepts image files, pictures dragged from this window or another program, and Ctrl+V; a click,
    Enter or Space emits ``choose_requested``; Delete or the button clears; the picture can be
    dragged out. ``changed`` is emitted with the array or None, ``failed`` with a :class:`Failure`.
    """

    changed = Signal(object)
    choose_requested = Signal()
    failed = Signal(object)

    def __init__(self, title: str = "", hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drop: PictureDrop | None = None
        self._pixmap: QPixmap | None = None
        self._pressed: QPoint | None = None
        self.setProperty("role", "drop")
        band_selection().changed.connect(self._rescale)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setMinimumSize(112, 112)
        self._hint = QWidget()
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        inner = self._hint_column = QVBoxLayout(self._hint)
        inner.setContentsMargins(SPACE_M, SPACE_M, SPACE_M, SPACE_M)
        inner.setSpacing(SPACE_S)
        text = label(hint or self.tr("Drop, paste or click"), "caption", wrap=True)
        self._heading = label("", "heading")
        for part in (self._heading, text):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
        inner.addStretch()
        self._icon = IconLabel("image", 24)
        inner.addWidget(self._icon, alignment=Qt.AlignmentFlag.AlignCenter)
        inner.addWidget(self._heading)
        inner.addWidget(text)
        inner.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.addWidget(self._hint)
        self.clear_button = tool_button("x", self.tr("Clear"), self.tr("Take the picture out"))
        self.clear_button.setParent(self)
        self.clear_button.setProperty("role", "over")
        self.clear_button.setCursor(Qt.CursorShape.ArrowCursor)
        self.clear_button.clicked.connect(self.clear)
        self.clear_button.hide()
        self._show_title(title)

    @property
    def picture(self) -> Pictures | None:
        """The picture (H, W, C), or None if empty."""
        return None if self._drop is None else self._drop.picture

    @property
    def drop(self) -> PictureDrop | None:
        """The picture with its recipe and file, as far as they are known."""
        return self._drop

    def set_picture(
        self, picture: Pictures | PictureDrop | None, recipe: dict[str, object] | None = None
    ) -> None:
        """Set the picture and emit ``changed``."""
        if picture is None or isinstance(picture, PictureDrop):
            self._drop = picture
        else:
            self._drop = PictureDrop(picture, recipe)
        self._pixmap = None
        set_property(self, "filled", "true" if self._drop is not None else "false")
        self._hint.setVisible(self._drop is None)
        self._update_clear_button()
        self.update()
        self.changed.emit(self.picture)

    def clear(self) -> None:
        """Remove the picture."""
        if self._drop is not None:
            self.set_picture(None)

    def paste(self) -> None:
        """Set the picture from the clipboard, if there is one."""
        self._accept_mime(QApplication.clipboard().mimeData())

    def _rescale(self) -> None:
        self._pixmap = None
        self.update()

    def sizeHint(self) -> QSize:
        """Return a square preferred size."""
        return QSize(144, 144)

    def hasHeightForWidth(self) -> bool:
        """Return True: the slot stays square."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Return the width, to stay square."""
        return width

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Position the clear button, and adapt the hint to the size."""
        super().resizeEvent(event)
        self._pixmap = None
        # A small slot has room for the text only.
        self._icon.setVisible(self.height() >= _MIN_SIDE_FOR_ICON)
        margin = SPACE_M if self.height() >= _MIN_SIDE_FOR_CLEAR_BUTTON else 1
        self._hint_column.setContentsMargins(margin, margin, margin, margin)
        self._update_clear_button()
        size = self.clear_button.sizeHint()
        self.clear_button.setGeometry(
            self.width() - size.width() - SPACE_S, SPACE_S, size.width(), size.height()
        )

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the clear button."""
        super().enterEvent(event)
        self._update_clear_button()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the clear button if the slot is small."""
        super().leaveEvent(event)
        self._update_clear_button()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the clear button, for the keyboard too."""
        super().focusInEvent(event)
        self._update_clear_button()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the clear button if the slot is small."""
        super().focusOutEvent(event)
        self._update_clear_button()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the frame and the picture."""
        super().paintEvent(event)
        if self._drop is None:
            return
        ratio = self.devicePixelRatioF()
        side = min(self.width(), self.height()) - 2 * SPACE_S
        if self._pixmap is None or self._pixmap.devicePixelRatio() != ratio:
            self._pixmap = scaled_pixmap(self._drop.picture, max(1, side), ratio)
        size = self._pixmap.deviceIndependentSize()
        box = QRectF(0, 0, size.width(), size.height())
        box.moveCenter(QRectF(self.rect()).center())
        painter = QPainter(self)
        corner = box.topLeft().toPoint()
        paint_checkerboard(painter, QRectF(corner, box.size()), self._pixmap)
        painter.drawPixmap(corner, self._pixmap)
        painter.end()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept dragged pictures, except the slot's own, and highlight the slot."""
        if event.source() is not self and has_picture(event.mimeData()):
            event.acceptProposedAction()
            set_property(self, "over", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Remove the highlight."""
        set_property(self, "over", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Set the first picture of the drop."""
        set_property(self, "over", False)
        if self._accept_mime(event.mimeData()):
            event.acceptProposedAction()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start a drag of the picture, past the drag distance."""
        if self._pressed is None or self._drop is None:
            return
        moved = (event.position().toPoint() - self._pressed).manhattanLength()
        if moved >= QApplication.startDragDistance():
            self._pressed = None
            drag_picture(self, self._drop.picture, self._drop.recipe)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Emit ``choose_requested`` at the end of a click."""
        if self._pressed is not None and self.rect().contains(event.position().toPoint()):
            self.choose_requested.emit()
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Handle paste, copy, clear and choose."""
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste()
        elif event.matches(QKeySequence.StandardKey.Copy) and self._drop is not None:
            copy_picture(self._drop.picture, self._drop.recipe)
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.clear()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.choose_requested.emit()
        else:
            super().keyPressEvent(event)

    def _show_title(self, title: str) -> None:
        self._heading.setText(title)
        self._heading.setVisible(bool(title))
        name(
            self,
            title or self.tr("Picture"),
            self.tr("Drop or paste a picture here, or click to choose one"),
        )

    def _update_clear_button(self) -> None:
        is_active = self.underMouse() or self.hasFocus() or self.clear_button.hasFocus()
        has_free_space = self.height() >= _MIN_SIDE_FOR_CLEAR_BUTTON
        self.clear_button.setVisible(self._drop is not None and (has_free_space or is_active))

    def _accept_mime(self, mime: QMimeData) -> bool:
        try:
            drops = pictures_from_mime(mime)
        except StudioError as error:
            self.failed.emit(Failure.of(error))
            return False
        if drops:
            self.set_picture(drops[0])
        return bool(drops)
