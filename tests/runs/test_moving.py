"""Renaming and deleting runs, which is refused while they are trained."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.runs import RunLock, journal, moving
from ddpm_studio.runs.lock import is_in_use


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DDPM_STUDIO_CONFIG", str(tmp_path / "config"))
    made = tmp_path / "runs" / "first"
    (made / "samples").mkdir(parents=True)
    (made / "run.json").write_text("{}")
    (made / "samples" / "a.png").write_bytes(b"12345")
    return made


def test_a_renamed_run_is_whole_and_its_interruption_is_still_known(run: Path) -> None:
    journal.begin(run, 70)
    new = moving.rename(run, " second & third ")
    assert new == run.parent / "second & third"
    assert (new / "samples" / "a.png").read_bytes() == b"12345"
    assert not run.exists()
    assert [(entry.run, entry.steps) for entry in journal.interrupted()] == [(new, 70)]


@pytest.mark.parametrize(
    ("name", "told"), [("", "name"), ("..", "name"), ("a/b", "'/'"), ("other", "already")]
)
def test_a_name_that_is_none_or_taken_is_refused(run: Path, name: str, told: str) -> None:
    (run.parent / "other").mkdir()
    with pytest.raises(StudioError, match=told):
        moving.rename(run, name)
    assert (run / "run.json").is_file()


def test_nothing_is_done_with_a_run_that_is_trained(run: Path) -> None:
    lock, told = RunLock(run), moving.extent(run)
    for refused in (lambda: moving.rename(run, "second"), lambda: moving.delete(run, told)):
        with pytest.raises(StudioError, match="first is being trained"):
            refused()
    assert (run / "run.json").is_file()
    lock.release()
    moving.delete(run, told)
    assert not run.exists()
    with pytest.raises(StudioError, match="no run"):
        moving.delete(run, told)


def test_a_training_that_begins_meanwhile_keeps_its_run(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, lock = moving.extent(run), RunLock(run)
    # A moment ago it was at rest.
    monkeypatch.setattr(moving, "is_in_use", lambda _: False)
    for refused in (lambda: moving.rename(run, "second"), lambda: moving.delete(run, told)):
        with pytest.raises(StudioError, match="is being trained"):
            refused()
    assert (run / "run.json").is_file()
    lock.release()
    new = moving.rename(run, "second")
    RunLock(new).release()


@pytest.mark.skipif(os.name == "nt", reason="it deletes no folder with an open lock in it")
def test_no_training_begins_in_a_run_that_is_being_deleted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delete = shutil.rmtree

    def with_another(path: Path) -> None:
        with pytest.raises(StudioError, match="is being trained"):
            RunLock(path)
        delete(path)

    monkeypatch.setattr(shutil, "rmtree", with_another)
    moving.delete(run, moving.extent(run))
    assert not run.exists()


def test_a_folder_with_an_open_file_is_moved_and_deleted_without_the_lock(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SMB refuses to move such a folder, NFS to delete it.
    def refusing(change: Callable[..., object]) -> Callable[..., object]:
        def refused(path: Path, *more: Path) -> object:
            if is_in_use(path):
                raise OSError(errno.EBUSY, "A file in it is open")
            return change(path, *more)

        return refused

    monkeypatch.setattr(Path, "rename", refusing(Path.rename))
    monkeypatch.setattr(shutil, "rmtree", refusing(shutil.rmtree))
    new = moving.rename(run, "second")
    assert (new / "run.json").is_file()
    moving.delete(new, moving.extent(new))
    assert not new.exists()


def test_another_run_in_its_place_is_not_deleted(run: Path) -> None:
    told = moving.extent(run)
    run.rename(run.parent / "elsewhere")
    shutil.copytree(run.parent / "elsewhere", run)
    with pytest.raises(StudioError, match="nothing was"):
        moving.delete(run, told)
    assert (run / "run.json").is_file()


def test_what_could_not_be_deleted_is_still_known_as_interrupted(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.begin(run, 70)
    told = moving.extent(run)

    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", refuse)
        with pytest.raises(StudioError, match="can't be deleted as a whole: Permission denied"):
            moving.delete(run, told)
    assert [(entry.run, entry.steps) for entry in journal.interrupted()] == [(run, 70)]
    moving.delete(run, told)
    assert journal.noted(run) is None


def test_what_would_be_lost_is_counted(run: Path) -> None:
    told = moving.extent(run)
    assert told.steps is None, "the file of its settings is none"
    assert told.size >= 7
