"""Automatic drawing of the tools: a training goes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle
from ddpm_studio.jobs.events import Event, TrainTick
from ddpm_studio.jobs.training.preview_times import worth_a_look_after

if TYPE_CHECKING:
    from ddpm_studio.backend.specs.runs import RunView
    from ddpm_studio.jobs import TrainResult


class LiveModel(Protocol):
    """What is to be known of the open model; the studio knows it."""

    run_view: RunView | None

    @property
    def training(self) -> JobHandle[TrainResult] | None:
        """The training under way."""

    @property
    def draws_live(self) -> bool:
        """Whether it is in training here."""

    @property
    def model_step(self) -> int | None:
        """How many steps it has been trained for."""


class AutomaticDrawing(QObject):
    """Says whether what nobody asked for may be drawn.

    While the open model is in training and can have learnt nothing yet, its pictures are noise:
    they wait. Once it has, they are drawn in the little time that the backend gives them.

    Args:
        model: the open one.
        parent: the owner.
    """

    changed = Signal()
    """What it says is another."""

    def __init__(self, model: LiveModel, parent: QObject) -> None:
        super().__init__(parent)
        self._model = model
        self._job: JobHandle[TrainResult] | None = None
        self._pace: float | None = None

    @property
    def waits(self) -> bool:
        """Whether it must wait."""
        return self._missing > 0

    @property
    def seconds(self) -> float | None:
        """For about how long; None: it does not wait, or it is too early to say."""
        return self._missing / self._pace if self.waits and self._pace else None

    def look(self) -> None:
        """Look again: another run is open, or a training has begun or ended."""
        job = self._model.training
        if job is not self._job:
            self._job, self._pace = job, None
            if job is not None:
                job.on_event(self._on_event)
        self.changed.emit()

    @property
    def _missing(self) -> int:
        """How many pictures the model has to see yet."""
        view = self._model.run_view
        if not self._model.draws_live or view is None or view.request is None or view.fine_tuned:
            return 0
        request = view.request
        seen = view.pictures_by(self._model.model_step or 0)
        plans = view.plans or (request.steps,)
        return worth_a_look_after(request.preset, plans, request.pictures_a_step) - seen

    def _on_event(self, event: Event) -> None:
        if isinstance(event, TrainTick):
            self._pace = event.images_per_second
            self.changed.emit()
