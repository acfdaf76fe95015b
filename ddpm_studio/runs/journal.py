"""Journal of running trainings, stored with the settings, so that it survives a crash."""

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

_MAX_FILE_BYTES = 1 << 16


@dataclass(frozen=True)
class JournalEntry:
    """A training that began and did not end properly; ``steps`` is its planned total."""

    run: Path
    steps: int


def begin(run: Path, steps: int) -> None:
    """Record that a training begins; silently skipped if the journal can't be written."""
    path = _path(run)
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {"run": str(run.resolve()), "steps": steps}
        atomic.write_bytes(path, json.dumps(content).encode())


def end(run: Path) -> None:
    """Remove a run's entry: its training has ended, or is not to be resumed."""
    with contextlib.suppress(OSError):
        _path(run).unlink(missing_ok=True)


def noted(run: Path) -> int | None:
    """Return the planned total of steps in a run's journal entry; None without an entry."""
    try:
        return int(read_object(_path(run), _MAX_FILE_BYTES)["steps"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def interrupted() -> list[JournalEntry]:
    """Return the trainings whose process ended unexpectedly (crash, power cut), newest first."""
    found = []
    for file in sorted(_folder().glob("*.json"), key=_time, reverse=True):
        try:
            record = read_object(file, _MAX_FILE_BYTES)
            entry = JournalEntry(Path(str(record["run"])), int(record["steps"]))
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
    digest = hashlib.blake2b(str(run.resolve()).encode(errors="surrogateescape"), digest_size=12)
    return _folder() / f"{digest.hexdigest()}.json"
