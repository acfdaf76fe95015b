"""Base class of small plots by training step, with a shared cursor."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.plots.painted_plot import PaintedPlot

_KEY_STEPS = 100


class StepPlot(PaintedPlot):
    """Base of a plot over the steps 0..``last``, with a cursor moved by pointer or arrow keys.

    To share a cursor among fields, connect ``hovered`` of each to :meth:`show_cursor` of the
    others. A subclass implements :meth:`paint`.

    Args:
        title: title of the plot and accessible name.
        parent: the owner.
    """

    hovered = Signal(object)
    """Emitted with the step at the cursor, or None."""

    # Opaque lines of one pixel without antialiasing draw fastest.
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
        """Move the cursor to a step; None hides it. ``hovered`` is not emitted."""
        if step != self.cursor_step:
            self.cursor_step = step
            self.update()

    def x_of_step(self, step: float) -> float:
        """Return the x coordinate of a step, in logical pixels."""
        return self.x_of(step / self.last)

    def on_hover(self, position: QPointF | None) -> None:
        """Move the cursor to the pointer; hide it outside of the field."""
        step = None
        if position is not None and 0 <= position.x() <= 1:
            step = position.x() * self.last
        self._move(step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the cursor: arrows by 1/100, Home and End to the ends; Escape hides it."""
        current = self.last if self.cursor_step is None else self.cursor_step
        targets: dict[int, float | None] = {
            Qt.Key.Key_Left: max(0.0, current - self.last / _KEY_STEPS),
            Qt.Key.Key_Right: min(self.last, current + self.last / _KEY_STEPS),
            Qt.Key.Key_Home: 0.0,
            Qt.Key.Key_End: self.last,
        }
        if event.key() == Qt.Key.Key_Escape and self.cursor_step is not None:
            self._move(None)
        elif event.key() in targets:
            self._move(targets[event.key()])
        else:
            super().keyPressEvent(event)

    def paint_captions(self, painter: QPainter, value: str, *, emphasised: bool) -> None:
        """Draw the captions: title and value above, the range of steps below."""
        theme = current_theme()
        available = self.area().width() - painter.fontMetrics().horizontalAdvance(value) - SPACE_M
        painter.setPen(theme.color("accent" if self.hasFocus() else "muted"))
        elided = painter.fontMetrics().elidedText(
            self.title, Qt.TextElideMode.ElideRight, int(max(0.0, available))
        )
        self.draw_captions_above(painter, elided)
        painter.setPen(theme.color("text" if emphasised else "muted"))
        self.draw_captions_above(painter, "", value)
        painter.setPen(theme.color("muted"))
        self.draw_captions_below(painter, "0", self.tr("step {0}").format(f"{self.last:,.0f}"))

    def paint_cursor(self, painter: QPainter) -> None:
        """Draw the cursor as a thin vertical line."""
        if self.cursor_step is not None:
            x = round(self.x_of_step(min(max(self.cursor_step, 0.0), self.last)))
            self.draw_mark(painter, x, current_theme().color("text"))

    def _move(self, step: float | None) -> None:
        if step != self.cursor_step:
            self.show_cursor(step)
            self.hovered.emit(step)
