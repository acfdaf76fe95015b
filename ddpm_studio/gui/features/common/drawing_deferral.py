"""Deferred drawing of a tool: automatic drawings wait for a model and for its training."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from ddpm_studio.gui.widgets.layout.eta import format_duration
from ddpm_studio.gui.workspace.studio import Studio


class DrawingDeferral(QObject):
    """Defers drawings while there is no model, and automatic ones while it has learnt nothing.

    There is briefly no model between the end of a training and the end of its run's reloading.

    Args:
        studio: knows the training under way.
        parent: the tool.
    """

    ready = Signal()
    """The deferred drawing may begin."""

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._pending = False
        studio.auto_drawing.changed.connect(self._check)

    def has_model(self) -> bool:
        """Whether there is a model to draw with; if not, ``ready`` is emitted once there is."""
        can_draw = self._studio.can_draw
        self._pending |= not can_draw
        return can_draw

    def must_wait(self) -> bool:
        """Whether an automatic drawing has to wait; ``ready`` is then emitted once it need not."""
        self._pending = self._studio.auto_drawing.is_waiting
        return self._pending

    def discard(self) -> None:
        """Drop the deferred drawing: a person asked for it meanwhile, or it is not wanted."""
        self._pending = False

    def waiting_reason(self, under_way: bool) -> str:
        """Return why an automatic drawing is not finished yet, in one line, else an empty text.

        Args:
            under_way: whether an automatic drawing is under way.
        """
        if self._studio.training is None or not (self._pending or under_way):
            return ""
        if not self._pending:
            return self.tr("Drawn in the time that the training leaves")
        seconds = self._studio.auto_drawing.seconds
        if seconds is None:
            return self.tr("Drawn when the model has learnt something")
        return self.tr("Drawn when the model has learnt something, in about {time}").format(
            time=format_duration(seconds)
        )

    def _check(self) -> None:
        if self._pending and self._studio.can_draw and not self._studio.auto_drawing.is_waiting:
            self._pending = False
            self.ready.emit()
