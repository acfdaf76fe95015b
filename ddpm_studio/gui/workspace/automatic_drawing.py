"""Automatic drawing by the tools, postponed while a training has learnt too little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle
from ddpm_studio.jobs.events import Event, TrainTick
from ddpm_studio.jobs.training.preview_times import pictures_until_previews

if TYPE_CHECKING:
    from ddpm_studio.backend.specs.runs import RunView
    from ddpm_studio.jobs import TrainResult


class LiveModel(Protocol):
    """Protocol of the open model's training state; implemented by the studio."""

    run_view: RunView | None

    @property
    def training(self) -> JobHandle[TrainResult] | None:
        """The training in progress, if any."""

    @property
    def uses_live_weights(self) -> bool:
        """Whether the open model is being trained in this window."""

    @property
    def model_step(self) -> int | None:
        """Number of steps that the open model has been trained for."""


class AutomaticDrawing(QObject):
    """Decides whether tools may draw automatically, without a request by the user.

    While the open model is in training and has seen too few pictures, its samples would be noise,
    so automatic drawing waits. Afterwards it gets the small share of device time that the backend
    leaves to it.

    Args:
        model: the open model.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when ``is_waiting`` or ``seconds`` may have changed."""

    def __init__(self, model: LiveModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._job: JobHandle[TrainResult] | None = None
        self._pace: float | None = None

    @property
    def is_waiting(self) -> bool:
        """Whether automatic drawing must wait."""
        return self._missing_pictures > 0

    @property
    def seconds(self) -> float | None:
        """Estimated wait in seconds; None: it does not wait, or the speed is not known yet."""
        return self._missing_pictures / self._pace if self.is_waiting and self._pace else None

    def refresh(self) -> None:
        """Update after another run was opened, or a training has begun or ended."""
        job = self._model.training
        if job is not self._job:
            self._job, self._pace = job, None
            if job is not None:
                job.on_event(self._on_event)
        self.changed.emit()

    @property
    def _missing_pictures(self) -> int:
        """Number of pictures that the model must still be trained on; at most 0: enough."""
        view = self._model.run_view
        if (
            not self._model.uses_live_weights
            or view is None
            or view.request is None
            or view.fine_tuned
        ):
            return 0
        request = view.request
        trained_on = view.pictures_seen_at(self._model.model_step or 0)
        plans = view.plans or (request.steps,)
        return (
            pictures_until_previews(request.preset, plans, request.pictures_per_step) - trained_on
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TrainTick):
            self._pace = event.images_per_second
            self.changed.emit()
