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
from ddpm_studio.jobs.training.fallback_folder import last_resorts

# The weights, their EMA, Adam's two moments and a margin, in float32.
_BYTES_A_PARAMETER = 4 * 5


class Unsaved(QObject):
    """Tracks whether the training in progress can be saved.

    Args:
        studio: the studio whose training is tracked.
        parent: the owner.
    """

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._job: JobHandle[object] | None = None
        self._refused = False
        self._bytes = 0
        studio.training_changed.connect(self._follow)

    def lost_by_closing(self) -> bool:
        """Whether saving failed, and neither run folder nor fallback has room for a checkpoint."""
        run = self._studio.training_run
        if not self._refused or run is None:
            return False
        places = last_resorts()
        if paths.is_there(run):
            places.append(run)
        return not any(has_room(place, self._bytes) for place in places)

    def _follow(self) -> None:
        job = self._studio.training
        if job is not None and job is not self._job:
            self._refused = False
            job.on_event(self._take)
        self._job = job

    def _take(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._bytes = _BYTES_A_PARAMETER * event.parameters
        elif isinstance(event, SavingFailed):
            self._refused = True
        elif isinstance(event, CheckpointSaved):
            self._refused = False


def has_room(folder: Path, size: int) -> bool:
    """Whether ``size`` bytes can be written to a folder, which need not exist yet."""
    whole = folder.absolute()
    there = next((path for path in (whole, *whole.parents) if paths.is_there(path)), None)
    try:
        return (
            there is not None
            and os.access(there, os.W_OK)
            and shutil.disk_usage(there).free >= size
        )
    except OSError:
        return False
