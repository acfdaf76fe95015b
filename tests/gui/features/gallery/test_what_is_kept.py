"""What the gallery keeps: drawings the user asked for, not the window's automatic ones."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.tool_panel import ToolPanel, choose
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.jobs.library.gallery import GalleryEntry
from tests.gui.panel_help import WAIT, drop, files, open_run, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path) -> MainWindow:
    made = opened(qtbot, backend)
    run = tmp_path / "own"
    shutil.copytree(tiny_run, run)
    for panel in (made.tool(SharePanel), made.tool(InterpolatePanel), made.tool(InpaintPanel)):
        panel.sampler.set_value({"steps": 3})
    choose(made.tool(ReversePanel).count, 9)
    open_run(qtbot, made.studio, run)
    return made


def looked_at(qtbot: QtBot, window: MainWindow, panel: ToolPanel) -> None:
    """Show a tool, and wait for its automatic drawing."""
    window.show_tool(panel)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)


def kept(qtbot: QtBot, window: MainWindow, kind: str) -> list[GalleryEntry]:
    """Wait until a picture of a kind is kept, and return all items of the gallery."""

    def some() -> bool:
        return any(item.kind == kind for item in window.tool(GalleryPanel).items.shown)

    qtbot.waitUntil(some, timeout=WAIT)
    return window.tool(GalleryPanel).items.shown


def test_looking_at_the_tools_keeps_nothing(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.tool(ReversePanel))
    qtbot.waitUntil(lambda: window.tool(ReversePanel).process.finished, timeout=WAIT)
    for panel in (window.tool(SharePanel), window.tool(InterpolatePanel)):
        looked_at(qtbot, window, panel)
    window.show_tool(window.tool(GalleryPanel))
    window.tool(GalleryPanel).draw_samples()
    kept(qtbot, window, "sample")
    # Pictures are kept in the order of drawing: any of the earlier ones would be here by now.
    shown = [(item.kind, item.seed) for item in window.tool(GalleryPanel).items.shown]
    assert set(shown) == {("sample", 0)}
    assert len(shown) == window.tool(GalleryPanel).count.currentData()


def test_the_same_is_kept_when_it_is_asked_for(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.tool(ReversePanel))
    qtbot.waitUntil(lambda: window.tool(ReversePanel).process.finished, timeout=WAIT)
    QTest.mouseClick(window.tool(ReversePanel).draw_button, Qt.MouseButton.LeftButton)
    assert {item.index for item in kept(qtbot, window, "sample")} == set(range(9))
    looked_at(qtbot, window, window.tool(SharePanel))
    window.tool(SharePanel).actions_["share.draw"].trigger()
    kept(qtbot, window, "share")


def _count(window: MainWindow, _: Path) -> None:
    QTest.keyClick(window.tool(SharePanel).count, Qt.Key.Key_Up)


def _time(window: MainWindow, _: Path) -> None:
    window.tool(SharePanel).time.set_value(3)


def _data(window: MainWindow, _: Path) -> None:
    window.tool(SharePanel).actions_["share.from_data"].trigger()


def _file(window: MainWindow, picture: Path) -> None:
    assert drop(window.tool(SharePanel).source, files(picture))


@pytest.mark.parametrize("change", [_count, _time, _data, _file])
def test_what_a_person_changes_is_kept(
    qtbot: QtBot,
    window: MainWindow,
    picture_folder: Path,
    change: Callable[[MainWindow, Path], None],
) -> None:
    looked_at(qtbot, window, window.tool(SharePanel))
    change(window, picture_folder / "03.png")
    shown = kept(qtbot, window, "share")
    assert len({item.drawing for item in shown}) == 1


def test_a_row_between_other_pictures_is_kept(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.tool(InterpolatePanel)
    looked_at(qtbot, window, panel)
    panel.actions_["interpolate.swap"].trigger()
    kept(qtbot, window, "interpolate")


def test_a_picture_sent_to_a_tool_that_was_never_seen_is_kept(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.show_tool(window.tool(ReversePanel))
    qtbot.waitUntil(lambda: window.tool(ReversePanel).process.finished, timeout=WAIT)
    grid = window.tool(ReversePanel).views.grids[0, "x_t"]
    window.studio.send_picture("share", grid.picture(0), grid.recipe(0))
    assert window.tabs.currentWidget() is window.tool(SharePanel)
    kept(qtbot, window, "share")


def test_another_model_with_the_same_picture_keeps_nothing_by_itself(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, picture_folder: Path, tmp_path: Path
) -> None:
    looked_at(qtbot, window, window.tool(SharePanel))
    assert drop(window.tool(SharePanel).source, files(picture_folder / "03.png"))
    kept(qtbot, window, "share")
    other = tmp_path / "another"
    shutil.copytree(tiny_run, other)
    told: list[object] = []
    window.studio.drawn.connect(told.append)
    open_run(qtbot, window.studio, other)
    panel = window.tool(SharePanel)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    recipe = panel.drawn.recipe if panel.drawn is not None else {}
    assert str(other) in str(recipe["request"])
    assert told == []


def test_what_a_run_draws_that_is_gone_is_shown_and_said_to_be_in_no_file(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    gallery, studio, run = window.tool(GalleryPanel), window.studio, tmp_path / "own"
    window.show_tool(gallery)
    choose(gallery.count, 1)
    gallery.draw_samples()
    (kept_before,) = kept(qtbot, window, "sample")
    recipe: dict[str, object] = {"kind": "share", "request": {"run": str(run)}}
    trash = tmp_path / "trash" / "own"
    trash.parent.mkdir()
    run.rename(trash)
    studio.follow_moved_run(run, None)

    studio.drawn.emit(DrawingResult(np.zeros((2, 16, 16, 3), np.uint8), recipe))
    shown = kept(qtbot, window, "share")
    assert [item.unsaved is not None for item in shown] == [True, True]
    assert "own does not exist: these pictures are in no file" in gallery.messages.text
    assert not run.exists()

    trash.rename(run)
    studio.follow_moved_run(None, run)
    assert kept_before.path in [item.path for item in kept(qtbot, window, "sample")]
