"""Run folder on disk: run.json, metrics.jsonl, checkpoints/, samples/."""

from __future__ import annotations

import contextlib
import errno
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from torch import Tensor

from ddpm_studio import __version__
from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.paths import MISSING, is_file, path_exists, why_unreachable
from ddpm_studio.runs import atomic, metrics
from ddpm_studio.runs.checkpoint import Checkpoint, Part, prune
from ddpm_studio.runs.info import DataInfo, RunInfo, SettingsChange
from ddpm_studio.runs.lock import RunLock
from ddpm_studio.runs.run_json import MAX_NEW_BYTES, read_run_json
from ddpm_studio.validation import first_problem_with_field, first_unknown_field


class RunFolder:
    """Reads and writes one run folder, whose files are consistent at any moment.

    Args:
        path: the folder; use :meth:`create` or :meth:`open`.
        info: the content of ``run.json``.
    """

    def __init__(self, path: Path, info: RunInfo) -> None:
        self.path = path
        self.info = info

    @classmethod
    def create(cls, path: Path, info: RunInfo) -> RunFolder:
        """Make a new run folder.

        Raises:
            StudioError: if the folder is not empty or can't be made, or ``run.json`` would be too
                long to be read again.
        """
        content = _encode(info)
        _check_length(content, info, path.name)
        is_new = not path_exists(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            atomic.flush_folder(path.parent)
            atomic.clean_up_interrupted(path)
            if any(path.iterdir()):
                raise StudioError(
                    f"The folder {path} is not empty.",
                    "Choose another run folder, or resume the run that is there.",
                )
            atomic.write_bytes(path / "run.json", content)
        except OSError as error:
            if is_new:
                with contextlib.suppress(OSError):
                    path.rmdir()
            raise StudioError(
                f"The run folder {path} can't be made: {error.strerror or error}.",
                "Choose a folder that you may write to.",
            ) from error
        return cls(path, info)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Open a run folder, also while another process writes to it.

        Raises:
            StudioError: if it is no run folder, or damaged.
        """
        file = path / "run.json"
        if not is_file(file):
            if reason := why_unreachable(path):
                raise StudioError(
                    f"{path} {reason}.",
                    "If it was renamed or moved, open it where it is now.",
                )
            if (reason := why_unreachable(file)) not in (None, MISSING):
                raise StudioError(f"{file} {reason}.", "Check its permissions.")
            what = (
                "is not a run folder (no run.json)"
                if path.is_dir()
                else "is a file, not a run folder"
            )
            raise StudioError(f"{path} {what}.", "Choose a folder that DDPM Studio has written.")
        content: dict[str, Any] = {}
        try:
            content = read_run_json(path)
            info = RunInfo.read(content)
            info.check()
        except (OSError, ValueError) as error:
            unknown = first_unknown_field(error) if isinstance(error, ValidationError) else None
            problem = f"can't be read: {_first_problem(error)}"
            if unknown is not None:
                problem = f"has {printable(unknown, 200)}, which is not known here"
            raise StudioError(
                f"{file} {problem}.", _remedy(content, unknown is not None), str(error)
            ) from error
        return cls(path, info)

    @property
    def metrics_file(self) -> Path:
        """Path of ``metrics.jsonl``."""
        return self.path / "metrics.jsonl"

    @property
    def samples_dir(self) -> Path:
        """The folder of sample pictures."""
        return self.path / "samples"

    @property
    def checkpoints_dir(self) -> Path:
        """The folder of checkpoints."""
        return self.path / "checkpoints"

    def record_changes(
        self,
        steps: int,
        at: int = 0,
        data: DataInfo | None = None,
        plugins: Mapping[str, str] | None = None,
        **settings: float | str,
    ) -> None:
        """Record what changes from a step on: settings, and the data set.

        Settings are recorded in the request and the list of changes. The first data set stays.

        Args:
            steps: the new total number of steps.
            at: steps taken so far.
            data: the data set from then on; None: as before.
            plugins: plug-in entries that it is read with.
            settings: other changed fields of the training request.

        Raises:
            OSError: if ``run.json`` can't be written; it is unchanged then.
            StudioError: if it would be too long to be read again; likewise.
        """
        request, previous = self.info.request, self.info.newest_data
        if request is None:
            return
        requested: dict[str, int | float | str] = {"steps": steps, **settings}
        changed = {
            name: (getattr(request, name), value)
            for name, value in requested.items()
            if getattr(request, name) != value
        }
        pictures: tuple[int, int] | None = None
        update: dict[str, Any] = {}
        if data and previous and data.fingerprint != previous.fingerprint:
            pictures = (previous.count, data.count)
        if data and previous and (pictures or data.sources != previous.sources):
            update["resumed_data"] = data
            update["plugins"] = {**self.info.plugins, **(plugins or {})}
        if changed or pictures:
            change = SettingsChange(step=at, settings=changed, pictures=pictures)
            update["request"] = request.model_copy(update=requested)
            update["changes"] = (*self.info.changes, change)
        if not update:
            return
        info = self.info.model_copy(update=update)
        content = _encode(info)
        if "resumed_data" in update:
            _check_length(content, info, self.path.name)
        atomic.write_bytes(self.path / "run.json", content)
        self.info = info

    def lock(self) -> RunLock:
        """Lock the run for writing, until ``release()`` of the lock or the end of the process.

        Raises:
            StudioError: if another process writes to this run, or the folder can't be written to.
        """
        lock = RunLock(self.path)
        for folder in (self.path, self.checkpoints_dir):
            atomic.clean_up_interrupted(folder)
        return lock

    def checkpoints(self) -> list[Checkpoint]:
        """Return all checkpoints, oldest first."""
        return Checkpoint.find_all(self.checkpoints_dir)

    def previews(self) -> list[Path]:
        """Return the files of sample pictures drawn during training, oldest first."""
        return sorted(self.samples_dir.glob("step-*.png"))

    def newest(self) -> Checkpoint:
        """Return the newest checkpoint.

        Raises:
            StudioError: if there is none.
        """
        found = self.checkpoints()
        if not found:
            raise StudioError(
                f"The run {self.path} has no checkpoint yet.", "Train it for some steps first."
            )
        return found[-1]

    def checkpoint(self, step: int) -> Checkpoint:
        """Return the checkpoint of a step.

        Raises:
            StudioError: if it is not kept; lists those that are.
        """
        found = self.checkpoints()
        chosen = next((checkpoint for checkpoint in found if checkpoint.step == step), None)
        if chosen is None:
            steps = ", ".join(f"{checkpoint.step:,}" for checkpoint in found) or "none"
            raise StudioError(
                f"The run {self.path.name} keeps no checkpoint of step {step:,}.",
                f"Choose one of those that are kept: {steps}.",
            )
        return chosen

    def save_checkpoint(
        self, step: int, tensors: dict[Part, dict[str, Tensor]], state: dict[str, Any]
    ) -> Checkpoint:
        """Write a checkpoint atomically, then prune old ones (see :func:`.checkpoint.prune`).

        Raises:
            OSError: if it can't be written, or the run folder is gone.
        """
        if why_unreachable(self.path / "run.json") == MISSING:
            # If its disk was unmounted, a folder would be made in the mount point on another disk.
            raise FileNotFoundError(errno.ENOENT, "The run folder is gone", str(self.path))
        atomic.make_folder(self.checkpoints_dir)
        saved = Checkpoint.save(self.checkpoints_dir, step, tensors, state)
        for old in prune(self.checkpoints()):
            with contextlib.suppress(OSError):
                atomic.remove_folder(old.path)
        return saved

    def drop_metrics_after(self, step: int) -> None:
        """Drop the metrics after a step from which training is about to resume."""
        metrics.truncate(self.metrics_file, step)

    def metrics(self) -> Iterator[dict[str, Any]]:
        """Yield the rows of ``metrics.jsonl``."""
        return metrics.read(self.metrics_file)


def _encode(info: RunInfo) -> bytes:
    return info.model_dump_json(indent=1).encode()


def _check_length(content: bytes, info: RunInfo, name: str) -> None:
    """Raise StudioError if a ``run.json`` that names other pictures is too long to be read."""
    if len(content) <= MAX_NEW_BYTES:
        return
    sources = info.newest_data.sources if info.newest_data is not None else ()
    raise StudioError(
        f"The description of the run {name} would be too long to be read again: "
        f"{len(content):,} bytes, with {format_count(len(sources), 'source')} of pictures.",
        "Name the folder of the pictures, not each file.",
    )


def _remedy(content: Mapping[str, Any], unknown: bool) -> str:
    """Return the remedy for an unusable ``run.json``; ``content`` is empty if it is unreadable."""
    versions = content.get("versions")
    writer = versions.get("ddpm-studio") if isinstance(versions, dict) else None
    if isinstance(writer, str) and _release(writer) > _release(__version__):
        return (
            f"Version {printable(writer, 40)} wrote it, this is {__version__}: install a newer one."
        )
    if unknown:
        return "It may come from a newer version; otherwise it was changed by hand."
    return "The run may come from a newer version, or is damaged."


def _release(version: str) -> tuple[int, ...]:
    """Return the first three numbers of a version, for comparison."""
    return tuple(map(int, re.findall(r"\d{1,6}", version)[:3]))


def _first_problem(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return first_problem_with_field(error)
    return (str(error).splitlines() or [type(error).__name__])[0]
