"""Deferred drawing of a tool: automatic drawings wait for a model and for its training."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ddpm_studio.gui.widgets.layout.eta import duration
from ddpm_studio.gui.workspace.studio import Studio


class DrawingTurn(QObject):
    """Defers drawings while there is no model, and automatic ones while it has learnt nothing.

    There is briefly no model between the end of a training and the end of its run's reloading.

    Args:
        studio: knows the training under way.
        parent: the tool.
    """

    came = Signal()
    """The deferred drawing may begin."""

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._held = False
        studio.unasked.changed.connect(self._look)

    def has_model(self) -> bool:
        """Whether there is a model to draw with; if not, ``came`` is emitted once there is."""
        can = self._studio.can_draw
        self._held |= not can
        return can

    def comes_later(self) -> bool:
        """Whether an automatic drawing has to wait; ``came`` is then emitted once it need not."""
        self._held = self._studio.unasked.waits
        return self._held

    def forget(self) -> None:
        """Drop the deferred drawing: a person asked for it meanwhile, or it is not wanted."""
        self._held = False

    def words(self, under_way: bool) -> str:
        """Return why an automatic drawing is not finished yet, in one line, else an empty text.

        Args:
            under_way: whether an automatic drawing is under way.
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
