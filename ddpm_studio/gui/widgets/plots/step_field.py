"""What small plots over the steps of a training have in common."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import body_font, current_theme
from ddpm_studio.gui.theme.tokens import FONT_CAPTION, SPACE_M, SPACE_S

CAPTION = 16
_KEY_STEPS = 100


class StepField(QWidget):
    """A field over the steps 0..``last``, with a cursor that follows the pointer or the arrows.

    Several fields share one cursor: connect ``hovered`` of each to :meth:`show_cursor` of the
    others. A subclass paints in :meth:`paintEvent`.

    Args:
        title: what is shown, for people and for assistive tools.
        parent: the owner.
    """

    hovered = Signal(object)
    """The step that the cursor is on, or None."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = title
        self.last = 1.0
        self.cursor_step: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(title)
        self.setToolTip(self.tr("Arrow keys move the cursor"))
        current_theme().changed.connect(self.update)

    def show_cursor(self, step: float | None) -> None:
        """Put the cursor on a step, or take it away."""
        if step != self.cursor_step:
            self.cursor_step = step
            self.update()

    def area(self) -> QRectF:
        """Return the field within its captions, in logical pixels."""
        return QRectF(self.rect()).adjusted(
            SPACE_M, CAPTION + SPACE_S, -SPACE_M, -CAPTION - SPACE_S
        )

    def place_of(self, step: float) -> float:
        """Return the horizontal place of a step."""
        area = self.area()
        return area.left() + area.width() * step / self.last

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move the cursor."""
        area = self.area()
        share = (event.position().x() - area.left()) / max(1.0, area.width())
        self._move(share * self.last if 0 <= share <= 1 else None)

    def leaveEvent(self, event: QEvent) -> None:
        """Take the cursor away."""
        self._move(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor by a hundredth, to the ends, or take it away."""
        here = self.last if self.cursor_step is None else self.cursor_step
        targets: dict[int, float | None] = {
            Qt.Key.Key_Left: max(0.0, here - self.last / _KEY_STEPS),
            Qt.Key.Key_Right: min(self.last, here + self.last / _KEY_STEPS),
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self.last,
        }
        if event.key() == Qt.Key.Key_Escape and self.cursor_step is not None:
            self._move(None)
        elif event.key() in targets:
            self._move(targets[event.key()])
        else:
            super().keyPressEvent(event)

    def paint_captions(self, painter: QPainter, value: str, *, strong: bool) -> None:
        """Write the title, a value at the right end of its line, and the steps below."""
        theme, area = current_theme(), self.area()
        painter.setFont(body_font(FONT_CAPTION))
        above = QRectF(area.left(), 0, area.width(), CAPTION)
        below = QRectF(area.left(), area.bottom() + 3, area.width(), CAPTION)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        room = area.width() - painter.fontMetrics().horizontalAdvance(value) - SPACE_M
        painter.setPen(theme.color("accent" if self.hasFocus() else "muted"))
        elided = painter.fontMetrics().elidedText(
            self.title, Qt.TextElideMode.ElideRight, int(max(0.0, room))
        )
        painter.drawText(above, left, elided)
        painter.setPen(theme.color("text" if strong else "muted"))
        painter.drawText(above, right, value)
        painter.setPen(theme.color("muted"))
        painter.drawText(below, left, "0")
        painter.drawText(below, right, self.tr("step {0}").format(f"{self.last:,.0f}"))

    def paint_cursor(self, painter: QPainter) -> None:
        """Draw the cursor as a thin line."""
        if self.cursor_step is None:
            return
        area = self.area()
        x = round(self.place_of(min(max(self.cursor_step, 0.0), self.last))) + 0.5
        painter.setPen(QPen(current_theme().color("text"), 1))
        painter.drawLine(int(x), int(area.top()), int(x), int(area.bottom()))

    def paint_empty(self, painter: QPainter, text: str) -> None:
        """Say in the middle that there is nothing yet."""
        painter.setPen(current_theme().color("muted"))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        painter.drawText(self.area(), flags, text)

    def _move(self, step: float | None) -> None:
        if step != self.cursor_step:
            self.show_cursor(step)
            self.hovered.emit(step)
