"""Unsaved training progress: whether closing the window would lose it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from PySide6.QtCore import QObject

from ddpm_studio import paths
from ddpm_studio.backend import JobHandle
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import CheckpointSaved, Event, RunStarted, SavingFailed
from ddpm_studio.jobs.training.fallback_folder import last_resort_folders

# The weights, their EMA, Adam's two moments and a margin, in float32.
_BYTES_A_PARAMETER = 4 * 5


class UnsavedProgress(QObject):
    """Tracks whether the training in progress can be saved.

    Args:
        studio: the studio whose training is tracked.
        parent: the owner.
    """

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._job: JobHandle[object] | None = None
        self._save_failed = False
        self._bytes = 0
        studio.training_changed.connect(self._on_training_changed)

    def is_lost_on_close(self) -> bool:
        """Whether saving failed, and neither run folder nor fallback has room for a checkpoint."""
        run = self._studio.training_run
        if not self._save_failed or run is None:
            return False
        folders = last_resort_folders()
        if paths.path_exists(run):
            folders.append(run)
        return not any(has_free_space(folder, self._bytes) for folder in folders)

    def _on_training_changed(self) -> None:
        job = self._studio.training
        if job is not None and job is not self._job:
            self._save_failed = False
            job.on_event(self._on_event)
        self._job = job

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._bytes = _BYTES_A_PARAMETER * event.parameters
        elif isinstance(event, SavingFailed):
            self._save_failed = True
        elif isinstance(event, CheckpointSaved):
            self._save_failed = False


def has_free_space(folder: Path, size: int) -> bool:
    """Whether ``size`` bytes can be written to a folder, which need not exist yet."""
    absolute_path = folder.absolute()
    existing = next(
        (path for path in (absolute_path, *absolute_path.parents) if paths.path_exists(path)), None
    )
    try:
        return (
            existing is not None
            and os.access(existing, os.W_OK)
            and shutil.disk_usage(existing).free >= size
        )
    except OSError:
        return False
