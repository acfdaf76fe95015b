"""KeyboardInterrupt in a training from Python saves a checkpoint."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from ddpm_studio.api.listening import listen
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import TrainResult
from ddpm_studio.jobs.events import Event, RunStarted
from ddpm_studio.runs import RunFolder


def trained(job: Generator[Event, None, TrainResult], folder: Path, progress: bool) -> Path:
    """Run a training to its end.

    Args:
        job: the training.
        folder: of the run.
        progress: show a bar.

    Returns:
        The run's folder, another one if it had to move.

    Raises:
        KeyboardInterrupt: when interrupted; it says what is saved.
    """

    def follow(event: Event) -> None:
        nonlocal folder
        # Another than was asked for if the run had to move.
        if isinstance(event, RunStarted):
            folder = event.run

    try:
        return listen(job, progress, follow).run
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(_stopped(folder)) from interrupt


def _stopped(folder: Path) -> str:
    """Say where a training that was interrupted can go on."""
    try:
        saved = RunFolder.open(folder).newest()
    except StudioError:
        return "Stopped before the first step; no checkpoint is there."
    return f"Stopped; step {saved.step:,} is saved in {saved.path}. resume=True goes on from there."
