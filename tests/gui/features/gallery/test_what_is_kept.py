"""The gallery keeps what a person drew, and not what the window draws to have something to show."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs.library.gallery import Kept
from tests.gui.panel_help import WAIT, drop, files, open_run, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path) -> MainWindow:
    made = opened(qtbot, backend)
    run = tmp_path / "own"
    shutil.copytree(tiny_run, run)
    for panel in (made.share, made.interpolate, made.inpaint):
        panel.sampler.set_value({"steps": 3})
    open_run(qtbot, made.studio, run)
    return made


def looked_at(qtbot: QtBot, window: MainWindow, panel: ToolPanel) -> None:
    """Show a tool, and wait for what it draws by itself."""
    window.show_tool(panel)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)


def kept(qtbot: QtBot, window: MainWindow, kind: str) -> list[Kept]:
    """Wait for pictures of a kind, and return all there are."""

    def some() -> bool:
        return any(item.kind == kind for item in window.gallery.items.shown)

    qtbot.waitUntil(some, timeout=WAIT)
    return window.gallery.items.shown


def test_looking_at_the_tools_keeps_nothing(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.reverse)
    qtbot.waitUntil(lambda: window.reverse.process.finished, timeout=WAIT)
    for panel in (window.share, window.interpolate):
        looked_at(qtbot, window, panel)
    window.show_tool(window.gallery)
    window.gallery.draw_samples()
    kept(qtbot, window, "sample")
    # Pictures are kept in the order in which they were drawn: there were none before.
    shown = [(item.kind, item.seed) for item in window.gallery.items.shown]
    assert set(shown) == {("sample", 0)}
    assert len(shown) == window.gallery.count.currentData()


def test_the_same_is_kept_when_it_is_asked_for(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.reverse)
    qtbot.waitUntil(lambda: window.reverse.process.finished, timeout=WAIT)
    QTest.mouseClick(window.reverse.draw_button, Qt.MouseButton.LeftButton)
    assert {item.index for item in kept(qtbot, window, "sample")} == set(range(9))
    looked_at(qtbot, window, window.share)
    window.share.actions_["share.draw"].trigger()
    kept(qtbot, window, "share")


def _count(window: MainWindow, _: Path) -> None:
    QTest.keyClick(window.share.count, Qt.Key.Key_Up)


def _time(window: MainWindow, _: Path) -> None:
    window.share.time.set_value(3)


def _data(window: MainWindow, _: Path) -> None:
    window.share.actions_["share.from_data"].trigger()


def _file(window: MainWindow, picture: Path) -> None:
    assert drop(window.share.source, files(picture))


@pytest.mark.parametrize("change", [_count, _time, _data, _file])
def test_what_a_person_changes_is_kept(
    qtbot: QtBot,
    window: MainWindow,
    picture_folder: Path,
    change: Callable[[MainWindow, Path], None],
) -> None:
    looked_at(qtbot, window, window.share)
    change(window, picture_folder / "03.png")
    shown = kept(qtbot, window, "share")
    assert len({item.drawing for item in shown}) == 1


def test_a_row_between_other_pictures_is_kept(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.interpolate
    looked_at(qtbot, window, panel)
    panel.actions_["interpolate.swap"].trigger()
    kept(qtbot, window, "interpolate")


def test_a_picture_sent_to_a_tool_that_was_never_seen_is_kept(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.show_tool(window.reverse)
    qtbot.waitUntil(lambda: window.reverse.process.finished, timeout=WAIT)
    grid = window.reverse.views.grids[0, "x_t"]
    window.studio.send_picture("share", grid.picture(0), grid.recipe(0))
    assert window.tabs.currentWidget() is window.share
    kept(qtbot, window, "share")


def test_another_model_with_the_same_picture_keeps_nothing_by_itself(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    looked_at(qtbot, window, window.share)
    assert drop(window.share.source, files(picture_folder / "03.png"))
    kept(qtbot, window, "share")
    other = tmp_path / "another"
    shutil.copytree(tiny_run, other)
    told: list[object] = []
    window.studio.drawn.connect(told.append)
    open_run(qtbot, window.studio, other)
    qtbot.waitUntil(lambda: window.share.drawn is not None and not window.share.busy, timeout=WAIT)
    recipe = window.share.drawn.recipe if window.share.drawn is not None else {}
    assert str(other) in str(recipe["request"])
    assert told == []
