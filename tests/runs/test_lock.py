"""Lock of a run folder: one writer at a time, also after a crash or without file locks."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import filelock
import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.runs import RunLock, journal
from ddpm_studio.runs.lock import LockOwner, is_in_use

HOLD = """
import sys
from pathlib import Path
from ddpm_studio.runs import RunLock, journal
lock = RunLock(Path(sys.argv[1]))
journal.begin(Path(sys.argv[1]), 70)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DDPM_STUDIO_CONFIG", str(tmp_path / "config"))


def test_another_process_is_named_and_its_lock_ends_with_it(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    words = [sys.executable, "-c", HOLD, str(run)]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(StudioError, match=f"process {process.pid} on .* since 20"):
            RunLock(run)
        assert is_in_use(run)
        assert journal.interrupted() == []
        process.kill()
    assert not is_in_use(run)
    assert [(entry.run, entry.steps) for entry in journal.interrupted()] == [(run, 70)]
    assert LockOwner.read(run) is not None, "the note outlives the process"
    RunLock(run).release()
    journal.end(run)
    assert journal.interrupted() == []
    assert not (run / ".owner.json").exists()


def _no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)


def test_a_folder_without_locks_goes_by_the_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _no_locks(monkeypatch)
    lock = RunLock(tmp_path)
    assert lock.warning is not None
    assert "knows no locks" in lock.warning
    with pytest.raises(StudioError, match=f"process {os.getpid()}"):
        RunLock(tmp_path)
    lock.release()
    RunLock(tmp_path)
    note = tmp_path / ".owner.json"
    # The process has ended, and another one has its process id now.
    owner = json.loads(note.read_text())
    note.write_text(json.dumps({**owner, "started": owner["started"] - 500}))
    RunLock(tmp_path)
    note.write_text(json.dumps({**owner, "host": "elsewhere"}))
    with pytest.raises(StudioError, match=r"elsewhere.*delete"):
        RunLock(tmp_path)


def test_a_folder_that_can_not_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(filelock.FileLock, "acquire", refuse)
    with pytest.raises(StudioError, match="Read-only"):
        RunLock(tmp_path)


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    for content in ("", "[]", "{}", '{"pid": "x"}', "\0"):
        (tmp_path / ".owner.json").write_text(content)
        assert LockOwner.read(tmp_path) is None
    RunLock(tmp_path).release()
