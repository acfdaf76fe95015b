"""Partial results of a cancelled drawing: kept in the gallery, or offered for keeping."""

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

    def follow(self, job: JobHandle[object], kept: bool) -> None:
        """Follow a new drawing; ``kept``: whether its pictures go to the gallery when it ends."""
        self._job, self._to_gallery = job, kept
        self._recipes, self._finished, self._frames = {}, [], {}
        job.on_event(self._on_event)
        job.ended.connect(self._on_ended)

    def stop_following(self) -> None:
        """Stop following the drawing, because the tool itself ends it."""
        self._job = None

    def _on_event(self, event: Event) -> None:
        if self.sender() is not self._job:
            return
        which, told = (
            (event.which, event.event) if isinstance(event, InterleavedEvent) else (0, event)
        )
        if isinstance(told, DrawingStarted):
            self._recipes[which] = told.recipe
        elif isinstance(told, BatchDrawn):
            self._finished.append(told.pictures)
        elif isinstance(told, FrameImages):
            self._frames[which] = told

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
            told = self.tr("Cancelled. What was finished is kept in the gallery: {0}.")
            self._messages.show_info(told.format(picture_count(len(pictures))))
            return
        under_way = {which: frame for which, frame in sorted(frames.items()) if frame.t > 0}
        if under_way:
            parts = [
                DrawingResult(self.shown(frame), {**self._recipes[which], "moment": frame.t})
                for which, frame in under_way.items()
            ]
            moments = dict.fromkeys(f"{frame.t:,}" for frame in under_way.values())
            self._messages.show_message(
                self.tr("Cancelled at t = {0}.").format(" / ".join(moments)),
                action=self.tr("Keep what was drawn"),
                callback=lambda: self._save_partial(parts),
                topic="cancelled",
            )

    def _save_partial(self, drawn: list[DrawingResult]) -> None:
        for one in drawn:
            self._studio.drawn.emit(one)
        self._messages.clear(topic="cancelled")
