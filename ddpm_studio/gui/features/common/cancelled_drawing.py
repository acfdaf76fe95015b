"""Partial results of a cancelled drawing: kept in the gallery, or offered for keeping."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QObject

from ddpm_studio.backend import JobHandle, State
from ddpm_studio.gui.features.common.counts import picture_count
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe
from ddpm_studio.jobs.events import (
    BatchDrawn,
    DrawingResult,
    DrawingStarted,
    Event,
    FrameImages,
    InterleavedEvent,
)


class CancelledDrawing(QObject):
    """Collects the partial results of a tool's drawing, for the case that a person cancels it.

    If batches had finished and the drawing goes to the gallery, they are kept there. Otherwise
    the last x̂_0 shown is offered; in a comparison of samplers, that of each sampler. A drawing
    that is only superseded by a newer one leaves nothing.

    Args:
        studio: its ``drawn`` signal passes on the pictures that are kept.
        messages: shows the message and the offer.
        parent: the tool.
    """

    def __init__(self, studio: Studio, messages: MessageBar, parent: QObject) -> None:
        super().__init__(parent)
        self._studio, self._messages = studio, messages
        self._job: JobHandle[object] | None = None
        self._to_gallery = False
        # Keyed by the drawing's index where several advance in step, else by 0.
        self._recipes: dict[int, Recipe] = {}
        self._frames: dict[int, FrameImages] = {}
        self._finished: list[Pictures] = []
        #: Returns the pictures shown for an intermediate state, (N, H, W, C).
        self.shown: Callable[[FrameImages], Pictures] = lambda frame: frame.x0_hat
        studio.backend.closing.connect(self.stop_following)

    def follow(self, job: JobHandle[object], to_gallery: bool) -> None:
        """Follow a new drawing; ``to_gallery``: whether its pictures go there when it ends."""
        self._job, self._to_gallery = job, to_gallery
        self._recipes, self._finished, self._frames = {}, [], {}
        job.on_event(self._on_event)
        job.ended.connect(self._on_ended)

    def stop_following(self) -> None:
        """Stop following the drawing, because the tool itself ends it."""
        self._job = None

    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        number, inner_event = (
            (event.which, event.event) if isinstance(event, InterleavedEvent) else (0, event)
        )
        if isinstance(inner_event, DrawingStarted):
            self._recipes[number] = inner_event.recipe
        elif isinstance(inner_event, BatchDrawn):
            self._finished.append(inner_event.pictures)
        elif isinstance(inner_event, FrameImages):
            self._frames[number] = inner_event

    def _on_ended(self) -> None:
        job, frames = self._job, self._frames
        if job is None or self.sender() is not job:
            return
        self._job, self._frames = None, {}
        if job.state is not State.CANCELLED or not self._recipes:
            return
        if self._finished and self._to_gallery:
            pictures = np.concatenate(self._finished)
            self._save_partial([DrawingResult(pictures, self._recipes[0])])
            message = self.tr("Cancelled. What was finished is kept in the gallery: {0}.")
            self._messages.show_info(message.format(picture_count(len(pictures))))
            return
        unfinished = {number: frame for number, frame in sorted(frames.items()) if frame.t > 0}
        if unfinished:
            parts = [
                DrawingResult(self.shown(frame), {**self._recipes[number], "moment": frame.t})
                for number, frame in unfinished.items()
            ]
            moments = dict.fromkeys(f"{frame.t:,}" for frame in unfinished.values())
            self._messages.show_message(
                self.tr("Cancelled at t = {0}.").format(" / ".join(moments)),
                action=self.tr("Keep what was drawn"),
                callback=lambda: self._save_partial(parts),
                topic="cancelled",
            )

    def _save_partial(self, drawn: list[DrawingResult]) -> None:
        for drawing in drawn:
            self._studio.drawn.emit(drawing)
        self._messages.clear(topic="cancelled")
