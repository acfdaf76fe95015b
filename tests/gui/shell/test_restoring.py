"""Dropped drawings: the run of a file is found even after it was renamed or moved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.export import save_animation
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, drop, files, open_run, opened
from tests.jobs.conftest import finish


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    own = tmp_path / "elsewhere" / "first"
    shutil.copytree(tiny_run, own)
    return own


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, run: Path) -> MainWindow:
    return opened(qtbot, backend, run)


def saved(qtbot: QtBot, window: MainWindow, folder: Path) -> Path:
    """Draw with the Share tool, save the pictures as an animation, and return its path."""
    window.show_tool(window.tool(SharePanel))
    window.tool(SharePanel).draw_now()
    qtbot.waitUntil(lambda: window.tool(SharePanel).drawn is not None, timeout=WAIT)
    drawn = window.tool(SharePanel).drawn
    assert drawn is not None
    gif = folder / "saved.gif"
    finish(save_animation(gif, list(drawn.pictures), recipe=dict(drawn.recipe)))
    return gif


@pytest.mark.parametrize("place", ["the open run", "the folder of runs"])
def test_an_animation_is_drawn_again_after_its_run_got_another_name_and_place(
    qtbot: QtBot, window: MainWindow, run: Path, tmp_path: Path, tiny_run: Path, place: str
) -> None:
    gif = saved(qtbot, window, tmp_path)
    drawn = window.tool(SharePanel).drawn
    other = tmp_path / "other" / "second"
    new = other if place == "the open run" else window.studio.runs_folder / "second"
    new.parent.mkdir(exist_ok=True)
    run.rename(new)
    window.recent.move_run(run, None)
    if place == "the open run":
        open_run(qtbot, window.studio, new)
        window.recent.clear()
    drop(window, files(gif))
    told = "Drawn again: what the animation shows."
    qtbot.waitUntil(lambda: window.messages.text == told, timeout=WAIT)
    assert window.studio.run == new
    assert window.tool(SharePanel).drawn is not drawn


def test_a_run_that_is_nowhere_known_is_found_once_it_is_open(
    qtbot: QtBot, window: MainWindow, run: Path, tmp_path: Path
) -> None:
    gif = saved(qtbot, window, tmp_path)
    new = tmp_path / "far" / "away"
    new.parent.mkdir()
    run.rename(new)
    drop(window, files(gif))
    assert "Open it where it is now, then open the picture once more." in window.messages.text
    open_run(qtbot, window.studio, new)
    drop(window, files(gif))
    told = "Drawn again: what the animation shows."
    qtbot.waitUntil(lambda: told in window.messages.text, timeout=WAIT)
