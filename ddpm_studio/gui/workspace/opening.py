"""Opening of a model: which one, until it is there, has failed or is cancelled."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle
from ddpm_studio.errors import Failure


class Opening(QObject):
    """Lets the tools say what is being opened.

    Args:
        notify: tells a person why it could not be.
        parent: the owner.
    """

    changed = Signal()
    """``model`` is another."""

    def __init__(self, notify: Callable[[Failure], object], parent: QObject) -> None:
        super().__init__(parent)
        self._notify = notify
        self._job: JobHandle[object] | None = None
        self.model: Path | None = None

    def wait_for(self, job: JobHandle[object], model: Path | None) -> None:
        """A job opens this model; None: one that nobody waits for."""
        self._job = job
        job.on_failed(self._notify)
        job.ended.connect(partial(self._on_ended, job))
        self._set(model)

    def over(self) -> None:
        """It is there, or was no model."""
        self._set(None)

    def _on_ended(self, job: JobHandle[object]) -> None:
        # Another may be on its way by now, as after a look at a model.
        if job is self._job:
            self._set(None)

    def _set(self, model: Path | None) -> None:
        if model != self.model:
            self.model = model
            self.changed.emit()
