"""Recent runs and data: shared by all windows, each of which is a process of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings

from ddpm_studio.gui.workspace.recent import Recent, RecentData
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.requests import PrepareOptions


def run_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.json").touch()
    return folder


def written_elsewhere(store: QSettings, kind: str, lines: list[str]) -> None:
    """Write a list to the settings file as another process would, bypassing ``store``."""
    file = Path(store.fileName())
    other = QSettings(str(file.with_name("other.ini")), QSettings.Format.IniFormat)
    other.setValue(f"recent/{kind}", lines)
    other.sync()
    shutil.copyfile(other.fileName(), file)


@pytest.fixture
def store() -> QSettings:
    return open_settings()


@pytest.fixture
def recent(store: QSettings) -> Recent:
    return Recent(store)


@pytest.fixture
def known(tmp_path: Path, store: QSettings, recent: Recent) -> tuple[Path, Path]:
    """The run that another window has opened last, and one that was opened here before."""
    theirs, first = (run_in(tmp_path / name) for name in ("theirs", "first"))
    recent.add_run(first)
    store.sync()
    written_elsewhere(store, "runs", [str(theirs), str(first)])
    return theirs, first


def test_a_run_that_another_window_has_opened_stays_known(
    tmp_path: Path, recent: Recent, known: tuple[Path, Path]
) -> None:
    ours = run_in(tmp_path / "ours")
    recent.add_run(ours)
    assert recent.runs() == [ours, *known]


def test_a_run_that_moves_takes_no_others_along(
    tmp_path: Path, recent: Recent, known: tuple[Path, Path]
) -> None:
    (theirs, first), new = known, run_in(tmp_path / "new")
    recent.move_run(first, new)
    assert recent.runs() == [theirs, new]


def test_pictures_that_another_window_has_prepared_otherwise_are_there_once(
    tmp_path: Path, store: QSettings, recent: Recent
) -> None:
    recent.add_data([tmp_path], PrepareOptions(image_size=64))
    lines = recent.lines()["data"]
    recent.clear()
    store.sync()
    written_elsewhere(store, "data", lines)
    recent.add_data([tmp_path], PrepareOptions(image_size=32))
    assert [item.options.image_size for item in recent.data()] == [32]


def test_a_drive_is_called_by_its_path() -> None:
    drive, photos = Path(Path.cwd().anchor), Path("photos").resolve()
    assert RecentData((drive,), PrepareOptions()).title == str(drive)
    assert RecentData((drive, photos), PrepareOptions()).title == f"{drive} + 1"
    assert RecentData((photos,), PrepareOptions()).title == "photos"
