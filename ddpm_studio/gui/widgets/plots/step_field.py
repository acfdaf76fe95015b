"""Base of the small plots over the steps of a training, under one cursor."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot

_KEY_STEPS = 100


class StepField(PaintedPlot):
    """A field over the steps 0..``last``, with a cursor that follows the pointer or the arrows.

    Several fields share one cursor: connect ``hovered`` of each to :meth:`show_cursor` of the
    others. A subclass draws in :meth:`paint`.

    Args:
        title: what is shown, for people and for assistive tools.
        parent: the owner.
    """

    hovered = Signal(object)
    """The step that the cursor is on, or None."""

    # Opaque lines of one pixel, drawn in no time.
    antialiased = False
    follows_pointer = True

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(title, parent)
        self.title = title
        self.last = 1.0
        self.cursor_step: float | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip(self.tr("Arrow keys move the cursor"))

    def show_cursor(self, step: float | None) -> None:
        """Put the cursor on a step, or take it away."""
        if step != self.cursor_step:
            self.cursor_step = step
            self.update()

    def place_of(self, step: float) -> float:
        """Return the horizontal place of a step."""
        return self.x_of(step / self.last)

    def on_hover(self, place: QPointF | None) -> None:
        """Move the cursor, or take it away."""
        step = None
        if place is not None and 0 <= place.x() <= 1:
            step = place.x() * self.last
        self._move(step)

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
        theme = current_theme()
        room = self.area().width() - painter.fontMetrics().horizontalAdvance(value) - SPACE_M
        painter.setPen(theme.color("accent" if self.hasFocus() else "muted"))
        elided = painter.fontMetrics().elidedText(
            self.title, Qt.TextElideMode.ElideRight, int(max(0.0, room))
        )
        self.write_above(painter, elided)
        painter.setPen(theme.color("text" if strong else "muted"))
        self.write_above(painter, "", value)
        painter.setPen(theme.color("muted"))
        self.write_below(painter, "0", self.tr("step {0}").format(f"{self.last:,.0f}"))

    def paint_cursor(self, painter: QPainter) -> None:
        """Draw the cursor as a thin line."""
        if self.cursor_step is not None:
            x = round(self.place_of(min(max(self.cursor_step, 0.0), self.last)))
            self.draw_mark(painter, x, current_theme().color("text"))

    def _move(self, step: float | None) -> None:
        if step != self.cursor_step:
            self.show_cursor(step)
            self.hovered.emit(step)
