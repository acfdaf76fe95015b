"""Interruptible training from Python: KeyboardInterrupt names the checkpoint that was saved."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

from ddpm_studio.api.job_runner import run_job
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import TrainResult
from ddpm_studio.jobs.events import Event, RunStarted
from ddpm_studio.runs import RunFolder


def run_training(job: Generator[Event, None, TrainResult], folder: Path, progress: bool) -> Path:
    """Run a training to its end.

    Args:
        job: the training.
        folder: the run folder.
        progress: show a progress bar.

    Returns:
        The run folder, which differs from ``folder`` if the run had to move.

    Raises:
        KeyboardInterrupt: when interrupted; its message names the saved checkpoint.
    """

    def update_folder(event: Event) -> None:
        nonlocal folder
        # It differs from the requested folder if the run had to move to the fallback folder.
        if isinstance(event, RunStarted):
            folder = event.run

    try:
        return run_job(job, progress, update_folder).run
    except KeyboardInterrupt as interrupt:
        raise KeyboardInterrupt(_stopped_message(folder)) from interrupt


def _stopped_message(folder: Path) -> str:
    """Return the message for an interrupted training: which checkpoint it can resume from."""
    try:
        checkpoint = RunFolder.open(folder).newest()
    except StudioError:
        return "Stopped before the first step; no checkpoint is there."
    return (
        f"Stopped; step {checkpoint.step:,} is saved in {checkpoint.path}. "
        "resume=True goes on from there."
    )
