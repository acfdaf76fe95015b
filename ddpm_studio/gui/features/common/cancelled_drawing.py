"""Cancelled drawing: what there was of it by then is kept, or offered to be kept."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from ddpm_studio.backend import JobHandle, State
from ddpm_studio.gui.features.common.picture_count import picture_count
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe
from ddpm_studio.jobs.events import BatchDrawn, DrawingBegun, Drawn, Event, FrameImages


class CancelledDrawing(QObject):
    """Follows a tool's drawings, for a person may cancel one whose pictures they want.

    Pictures that were finished go to the gallery; of others x̂_0, as it was last shown, is offered.
    A drawing that only gives way to a newer one leaves nothing.

    Args:
        studio: hands on what is kept.
        messages: where it is said.
        parent: the tool.
    """

    def __init__(self, studio: Studio, messages: MessageBar, parent: QObject) -> None:
        super().__init__(parent)
        self._studio, self._messages = studio, messages
        self._job: JobHandle[object] | None = None
        self._kept = False
        self._recipe: Recipe | None = None
        self._finished: list[Pictures] = []
        self._frame: FrameImages | None = None
        #: How a moment is shown, (N, H, W, C).
        self.shown: Callable[[FrameImages], Pictures] = lambda frame: frame.x0_hat
        studio.backend.closing.connect(self.let_go)

    def follow(self, job: JobHandle[object], kept: bool) -> None:
        """Follow a drawing instead; ``kept``: its pictures go to the gallery when it ends."""
        self._job, self._kept = job, kept
        self._recipe, self._finished, self._frame = None, [], None
        job.on_event(self._on_event)
        job.ended.connect(self._on_ended)

    def let_go(self) -> None:
        """Follow none: the tool itself ends it."""
        self._job = None

    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        if isinstance(event, DrawingBegun):
            self._recipe = event.recipe
        elif isinstance(event, BatchDrawn):
            self._finished.append(event.pictures)
        elif isinstance(event, FrameImages):
            self._frame = event

    def _on_ended(self) -> None:
        job, frame = self._job, self._frame
        if job is None or self.sender() is not job:
            return
        self._job = self._frame = None
        if job.state is not State.CANCELLED or self._recipe is None:
            return
        if self._finished and self._kept:
            pictures = np.concatenate(self._finished)
            self._keep(Drawn(pictures, self._recipe))
            told = self.tr("Cancelled. What was finished is kept in the gallery: {0}.")
            self._messages.show_info(told.format(picture_count(len(pictures))))
        elif frame is not None and frame.t > 0:
            part = Drawn(self.shown(frame), {**self._recipe, "moment": frame.t})
            self._messages.show_message(
                self.tr("Cancelled at t = {0}.").format(f"{frame.t:,}"),
                action=self.tr("Keep what was drawn"),
                callback=lambda: self._keep(part),
                topic="cancelled",
            )

    def _keep(self, drawn: Drawn) -> None:
        self._studio.drawn.emit(drawn)
        self._messages.clear(topic="cancelled")
