"""Training on a small disk of its own, which is filled up at random moments.

``python -m tests.endurance.filling ROUNDS FOLDER`` mounts a tmpfs in FOLDER, for which it needs
permission, and prints one JSON object.
"""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import train
from ddpm_studio.jobs.events import CheckpointSaved, Event, Notice, SavingFailed, TrainStep
from ddpm_studio.requests import PrepareOptions, TrainRequest
from ddpm_studio.runs import RunFolder
from tests.cli.conftest import write_pictures

# Room for all checkpoints that are kept over some hundred steps, and the one being written.
_DISK = 600 << 20
_PORTION = bytes(1 << 20)
_EVERY = 4
_PARTS = ("model", "ema", "optimizer")
_REQUEST = TrainRequest(
    steps=10_000_000,
    batch_size=2,
    timesteps=20,
    seed=1,
    device="cpu",
    checkpoint_every=_EVERY,
    sample_every=6,
    sample_count=1,
)

Job = Generator[Event, None, Any]


class Disk:
    """A small mounted disk and the file that fills it.

    Args:
        folder: the mount point.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        size = f"size={_DISK}"
        subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
        self.folder = folder
        self._other = folder / "somebody else's"

    def fill(self, left: int) -> None:
        """Fill the disk up to ``left`` free bytes."""
        with self._other.open("wb", buffering=0) as stream:
            try:
                while True:
                    stream.write(_PORTION)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
            stream.truncate(max(0, stream.tell() - left))

    def empty(self) -> None:
        """Free the space again."""
        self._other.unlink()


def fill_again_and_again(rounds: int, folder: Path) -> dict[str, Any]:
    """Train while the disk is filled and freed ``rounds`` times; return the results."""
    torch.set_num_threads(1)
    for name in ("CACHE", "CONFIG"):
        os.environ[f"DDPM_STUDIO_{name}"] = str(folder / name.lower())
    pictures = write_pictures(folder / "pictures", 6)
    disk = Disk(folder / "disk")
    run = disk.folder / "run"
    rng = np.random.default_rng(0)
    job = train([pictures], run, _REQUEST, PrepareOptions())
    first = _until(job, lambda event: isinstance(event, CheckpointSaved))[-1]
    assert isinstance(first, CheckpointSaved)
    size = sum(file.stat().st_size for file in first.path.iterdir())
    figures: dict[str, Any] = {"rounds": rounds, "checkpoint_bytes": size, "disk_bytes": _DISK}
    counts = {"warned": 0, "went on": 0, "saved again": 0, "steps while full": 0}
    faults: list[str] = []
    for number in range(rounds):
        # From no free byte to nearly enough for a checkpoint, so that writing fails at any place.
        disk.fill(int(rng.uniform(0, 0.95 * size)))
        events = _until(job, lambda event: isinstance(event, SavingFailed))
        counts["warned"] += "No space left" in str(events[-1])
        taken = [
            e for e in _until(job, _is_step) + _until(job, _is_step) if isinstance(e, TrainStep)
        ]
        counts["went on"] += taken[-1].step > taken[0].step
        counts["steps while full"] += len(taken)
        faults += [f"full, round {number}: {fault}" for fault in look(run)]
        disk.empty()
        events = _until(job, lambda event: isinstance(event, Notice))
        counts["saved again"] += any(isinstance(event, CheckpointSaved) for event in events)
        faults += [f"room again, round {number}: {fault}" for fault in look(run)]
    job.close()
    return (
        figures
        | counts
        | {
            "steps": RunFolder.open(run).newest().step,
            "equal to an undisturbed run": _contents(run) == _undisturbed(pictures, folder, run),
            "faults": faults,
        }
    )


def look(run: Path) -> list[str]:
    """Return the faults found in a run folder: leftovers, damaged checkpoints, lost metrics."""
    faults = [f"left over: {path.name}" for path in run.rglob(".writing-*")]
    folder = RunFolder.open(run)
    for checkpoint in folder.checkpoints():
        for part in _PARTS:
            try:
                checkpoint.load(part)  # type: ignore[arg-type]
            except StudioError as error:
                faults.append(error.cause)
    steps = [line["step"] for line in folder.metrics()]
    if steps != list(range(1, len(steps) + 1)):
        faults.append("lines of figures are missing")
    lines = folder.metrics_file.read_bytes().count(b"\n")
    if lines != len(steps):
        faults.append("lines of figures are damaged")
    return faults


def _undisturbed(pictures: Path, folder: Path, run: Path) -> dict[str, object]:
    steps = RunFolder.open(run).newest().step
    request = _REQUEST.model_copy(update={"steps": steps, "checkpoint_every": None})
    for _ in train([pictures], folder / "through", request, PrepareOptions()):
        pass
    return _contents(folder / "through")


def _contents(run: Path) -> dict[str, object]:
    folder = RunFolder.open(run)
    newest = folder.newest().path
    made: dict[str, object] = {
        part: (newest / f"{part}.safetensors").read_bytes() for part in _PARTS
    }
    return made | {"losses": [(line["step"], line["loss"]) for line in folder.metrics()]}


def _is_step(event: Event) -> bool:
    return isinstance(event, TrainStep)


def _until(job: Job, found: Callable[[Event], bool]) -> list[Event]:
    events = []
    for event in job:
        events.append(event)
        if found(event):
            return events
    raise AssertionError("the training ended")


if __name__ == "__main__":
    print(json.dumps(fill_again_and_again(int(sys.argv[1]), Path(sys.argv[2]))))
