from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QFile

from ddpm_studio.backend import specs

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="these systems have their own trash"
)


def test_a_new_account_has_a_trash_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    share = tmp_path / "home" / ".local" / "share"
    monkeypatch.setenv("XDG_DATA_HOME", str(share))
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_text("{}")
    specs.trash.create_data_folder()
    file = QFile(str(run))
    assert file.moveToTrash()
    assert not run.exists()
    assert (share / "Trash" / "files" / "run" / "run.json").read_text() == "{}"
    assert Path(file.fileName()) == share / "Trash" / "files" / "run"
    assert share.stat().st_mode & 0o077 == 0


def test_where_it_can_not_be_made_nothing_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file" / "share"))
    specs.trash.create_data_folder()
    assert (tmp_path / "file").read_bytes() == b""
