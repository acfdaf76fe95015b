"""Opening of models: what may be one, and the one that is being opened, until its job ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio import paths
from ddpm_studio.backend import JobHandle
from ddpm_studio.catalogue.model_formats import may_be_model
from ddpm_studio.errors import Failure


class Opening(QObject):
    """Tracks which model is being opened, for the tools to show.

    Args:
        notify: shows the user why opening failed.
        parent: the owner.
    """

    changed = Signal()
    """Emitted when ``model`` has changed."""

    def __init__(self, notify: Callable[[Failure], object], parent: QObject) -> None:
        super().__init__(parent)
        self._notify = notify
        self._job: JobHandle[object] | None = None
        self.model: Path | None = None

    def track(
        self,
        job: JobHandle[object],
        model: Path | None,
        after: JobHandle[object] | None = None,
    ) -> None:
        """Track a job that opens ``model``; None: it reads a model that is open already.

        ``after`` is the job that it continues, such as the inspection of a model before its
        import. If another model was opened since that began, this one is only imported.
        """
        job.on_failed(self._notify)
        if after is None or self.is_newest(after):
            self._job = job
            job.ended.connect(partial(self._on_ended, job))
            self._set(model)

    def is_newest(self, job: JobHandle[object]) -> bool:
        """Whether no other model was opened since this job began."""
        return job is self._job

    def finish(self) -> None:
        """Clear ``model``: it is open, or was not a model."""
        self._set(None)

    def _on_ended(self, job: JobHandle[object]) -> None:
        # A newer job may have replaced it, such as the import after the inspection of a model.
        if self.is_newest(job):
            self._set(None)

    def _set(self, model: Path | None) -> None:
        if model != self.model:
            self.model = model
            self.changed.emit()


def is_model(path: Path) -> bool:
    """Whether a path is a run, or looks like a model of another program."""
    return paths.is_file(path / "run.json") or may_be_model(path)
