"""Retries of renaming: files that another program holds open for a moment, as on Windows."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from ddpm_studio import paths
from ddpm_studio.export.atomic_writes import atomic_write
from ddpm_studio.runs import atomic


class Scanner:
    """Make the first attempts to rename a file fail, as a virus scanner does on Windows."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, tries: int) -> None:
        self.left = tries
        for name in ("replace", "rename"):
            monkeypatch.setattr(os, name, self._held(getattr(os, name)))
        monkeypatch.setattr(paths, "_RETRY_DELAYS", (0.0, 0.0))

    def _held(self, move: Callable[[Path, Path], None]) -> Callable[[Path, Path], None]:
        def held(source: Path, target: Path) -> None:
            self.left -= 1
            if self.left >= 0:
                raise PermissionError(13, "It is being used by another process", str(source))
            move(source, target)

        return held


def test_a_file_is_replaced_when_a_scanner_lets_go_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for write in (_plainly, _whole):
        (tmp_path / "file").write_bytes(b"old")
        Scanner(monkeypatch, 2)
        write(tmp_path / "file", b"new")
        assert (tmp_path / "file").read_bytes() == b"new"
        monkeypatch.undo()


def test_what_is_held_for_good_is_refused_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"old")
    Scanner(monkeypatch, 3)
    with pytest.raises(PermissionError):
        _plainly(tmp_path / "file", b"new")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_folder_takes_its_name_when_a_scanner_lets_go_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Scanner(monkeypatch, 2)
    with atomic.atomic_folder(tmp_path / "folder") as temporary:
        atomic.write_file(temporary / "file", [b"new"])
    assert (tmp_path / "folder" / "file").read_bytes() == b"new"


def test_what_was_replaced_before_and_still_lies_there_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / ".replaced-folder").mkdir()
    (tmp_path / ".replaced-folder" / "held").write_bytes(b"older")
    (tmp_path / "folder").mkdir()
    with atomic.atomic_folder(tmp_path / "folder") as temporary:
        atomic.write_file(temporary / "file", [b"new"])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def _plainly(path: Path, content: bytes) -> None:
    atomic.write_bytes(path, content)


def _whole(path: Path, content: bytes) -> None:
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
