"""Journal of trainings that are under way, noted where a crash can't take it."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.paths import config_dir, is_file
from ddpm_studio.runs import atomic
from ddpm_studio.runs.lock import is_in_use
from ddpm_studio.strict_json import read_object

_MAX_NOTE = 1 << 16


@dataclass(frozen=True)
class JournalEntry:
    """A training that began and was not ended; ``steps`` were asked for in all."""

    run: Path
    steps: int


def begin(run: Path, steps: int) -> None:
    """Note that a training begins. Without a folder for it there is no note."""
    path = _path(run)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"run": str(run.resolve()), "steps": steps}
        atomic.write_bytes(path, json.dumps(content).encode())


def end(run: Path) -> None:
    """Note that it ended, or that nobody wants to go on with it."""
    with contextlib.suppress(OSError):
        _path(run).unlink(missing_ok=True)


def noted(run: Path) -> int | None:
    """Return how many steps a training that began and was not ended should have in all."""
    try:
        return int(read_object(_path(run), _MAX_NOTE)["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def interrupted() -> list[JournalEntry]:
    """Return what was being trained when its process ended without a word, newest first."""
    found = []
    for file in sorted(_folder().glob("*.json"), key=_time, reverse=True):
        try:
            noted = read_object(file, _MAX_NOTE)
            entry = JournalEntry(Path(str(noted["run"])), int(noted["steps"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if is_file(entry.run / "run.json") and not is_in_use(entry.run):
            found.append(entry)
    return found


def _time(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def _folder() -> Path:
    return config_dir() / "running"


def _path(run: Path) -> Path:
    name = hashlib.blake2b(str(run.resolve()).encode(errors="surrogateescape"), digest_size=12)
    return _folder() / f"{name.hexdigest()}.json"
