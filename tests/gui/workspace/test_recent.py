"""What was open last is known to all windows, each of a process of its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSettings

from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.settings import open_settings


def run_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "run.json").touch()
    return folder


def written_elsewhere(store: QSettings, runs: list[Path]) -> None:
    """Write the list as another process does."""
    listed = ", ".join(str(run) for run in runs)
    Path(store.fileName()).write_text(f"[recent]\nruns={listed}\n")


def test_a_run_that_another_window_has_opened_stays_known(tmp_path: Path) -> None:
    first, theirs, ours = (run_in(tmp_path / name) for name in ("first", "theirs", "ours"))
    store = open_settings()
    recent = Recent(store)
    recent.add_run(first)
    store.sync()
    written_elsewhere(store, [theirs, first])
    recent.add_run(ours)
    assert recent.runs() == [ours, theirs, first]


def test_a_run_that_moves_takes_no_others_along(tmp_path: Path) -> None:
    first, theirs, new = (run_in(tmp_path / name) for name in ("first", "theirs", "new"))
    store = open_settings()
    recent = Recent(store)
    recent.add_run(first)
    store.sync()
    written_elsewhere(store, [theirs, first])
    recent.move_run(first, new)
    assert recent.runs() == [theirs, new]
