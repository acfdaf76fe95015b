"""Snapshots of a training's power-function EMAs, evenly spaced over its steps."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from ddpm_studio.engine import Trainer
from ddpm_studio.runs.averages import average_snapshots, remove_averages_after, save_averages

# Number in a training: with a twentieth of it between two, averages of σ_rel from .03 to .2 are
# reconstructed to a few thousandths.
_SNAPSHOTS = 20


class AverageSnapshots:
    """Saves the power-function EMAs, evenly spaced over the planned steps.

    Args:
        run: the run folder; see :meth:`move`.
        trainer: the trainer with the averages.
        total: number of steps of the training.
    """

    def __init__(self, run: Path, trainer: Trainer, total: int) -> None:
        self._run, self._trainer = run, trainer
        self._every = max(1, total // _SNAPSHOTS)

    @property
    def is_due(self) -> bool:
        """Whether to save after this step."""
        return bool(self._trainer.power_emas) and self._trainer.step_number % self._every == 0

    def save(self) -> None:
        """Save the averages of the current step.

        Raises:
            OSError: if they can't be written.
        """
        save_averages(self._run, self._trainer.step_number, self._trainer.average_tensors())

    def remove_later(self) -> None:
        """Remove the snapshots of steps that will be taken again."""
        remove_averages_after(self._run, self._trainer.step_number)

    def move(self, run: Path) -> None:
        """Copy the readable snapshots to another run folder, and continue there."""
        old, self._run = self._run, run
        for path in average_snapshots(old).values():
            with suppress(OSError):
                (run / path.parent.name).mkdir(exist_ok=True)
                shutil.copyfile(path, run / path.parent.name / path.name)
