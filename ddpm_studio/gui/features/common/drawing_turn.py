"""Deferred drawing of a tool: a training goes first before what nobody asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ddpm_studio.gui.widgets.layout.eta import duration
from ddpm_studio.gui.workspace.studio import Studio


class DrawingTurn(QObject):
    """Keeps a drawing back while there is no model, and a tool's own while it has learnt nothing.

    There is none for a moment between the end of a training and its run's being read again.

    Args:
        studio: knows the training.
        parent: the tool.
    """

    came = Signal()
    """What was kept back may be drawn."""

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._held = False
        studio.unasked.changed.connect(self._look)

    def has_model(self) -> bool:
        """Whether there is a model to draw with; where not, ``came`` says when there is."""
        can = self._studio.can_draw
        self._held |= not can
        return can

    def comes_later(self) -> bool:
        """Whether an unasked drawing has to wait; ``came`` then says when it need not."""
        self._held = self._studio.unasked.waits
        return self._held

    def forget(self) -> None:
        """Nothing waits any more: it was asked for, or is not wanted."""
        self._held = False

    def words(self, under_way: bool) -> str:
        """Return why an unasked drawing is not there yet, one line, else an empty text.

        Args:
            under_way: whether one is being drawn.
        """
        if self._studio.training is None or not (self._held or under_way):
            return ""
        if not self._held:
            return self.tr("Drawn in the time that the training leaves")
        seconds = self._studio.unasked.seconds
        if seconds is None:
            return self.tr("Drawn when the model has learnt something")
        return self.tr("Drawn when the model has learnt something, in about {time}").format(
            time=duration(seconds)
        )

    def _look(self) -> None:
        if self._held and self._studio.can_draw and not self._studio.unasked.waits:
            self._held = False
            self.came.emit()
