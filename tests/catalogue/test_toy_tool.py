"""Tool of a plug-in (two modules and one entry) in the real window."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.catalogue import TOOLS, ToolInfo, plugins
from ddpm_studio.catalogue.tools import drawing_of, drawings, tool_of
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs import ModelStore, redraw
from ddpm_studio.jobs.drawing.recipes import read_parsed_recipe
from ddpm_studio.runs import RunFolder
from tests.catalogue.installing import seen
from tests.gui.conftest import picture_folder, tiny_run
from tests.gui.panel_help import WAIT, drop, files, open_run, opened
from tests.jobs.conftest import finish

__all__ = ["picture_folder", "tiny_run"]
ECHO = "toy-echo"


pytestmark = pytest.mark.usefixtures("own_folders")


@pytest.fixture
def window(toy: Path, qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def echo_panel(window: MainWindow) -> ToolPanel:
    panel = window.tabs.find_panel(ECHO)
    assert isinstance(panel, ToolPanel)
    return panel


def test_it_is_listed_wherever_tools_are(window: MainWindow) -> None:
    number = window.tabs.indexOf(echo_panel(window))
    assert window.tabs.tabText(number) == "Toy echo"
    for words in ("echo", "reverberate"):
        found = [action.objectName() for action in window.actions_.find(words)]
        assert f"view.tab{number + 1}" in found
    window.actions_["toy-echo.draw"].trigger()
    assert window.tabs.currentWidget() is echo_panel(window)
    tools = next(a for a in window.menuBar().actions() if a.text() == "&Tools").menu()
    assert isinstance(tools, QMenu)
    assert "Toy &echo" in [action.text() for action in tools.actions()]
    kinds = window.tool(GalleryPanel).filters.kind
    assert kinds.itemText(kinds.findData(ECHO)) == "Echoed"
    offered = [action.text() for action in window.tool(SharePanel).grid.tile_actions]
    assert "Echo it" in offered


def test_what_it_draws_is_kept_told_and_drawn_again(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    panel, gallery = echo_panel(window), window.tool(GalleryPanel)
    open_run(qtbot, window.studio, tiny_run)
    window.show_tool(window.tool(ReversePanel))
    picture = np.random.default_rng(3).integers(0, 256, (16, 16, 3), np.uint8)
    window.studio.send_picture("echo", picture)
    assert window.tabs.currentWidget() is panel
    qtbot.waitUntil(lambda: panel.drawn is not None, timeout=WAIT)
    drawn = panel.drawn
    assert drawn is not None
    assert (drawn.recipe["kind"], drawn.recipe["plugins"]) == (
        ECHO,
        {"tool toy-echo": "toy-plugin 1.0"},
    )
    gallery.filters.kind.setCurrentIndex(gallery.filters.kind.findData(ECHO))
    qtbot.waitUntil(lambda: len(gallery.items.shown) == 2, timeout=WAIT)
    kept = gallery.items.shown[1]
    gallery.select([kept])
    assert gallery.side.details.rows["Kind"] == "an echo of a picture"
    told: list[object] = []
    window.studio.notified.connect(told.append)
    panel.drawn = None
    assert drop(window, files(kept.path))
    qtbot.waitUntil(lambda: "Drawn again: the same picture, bit for bit." in told, timeout=WAIT)
    assert window.tabs.currentWidget() is panel
    found = read_parsed_recipe(kept.path)
    assert found is not None
    again = finish(redraw(found, ModelStore()))[1]
    np.testing.assert_array_equal(again.pictures, drawn.pictures)


def test_it_draws_as_its_run_does(site: Path, tiny_run: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(tiny_run, tmp_path / "run"))
    info = RunFolder.open(run).info
    process = info.process.model_copy(update={"clip_x0": False})
    (run / "run.json").write_text(info.model_copy(update={"process": process}).model_dump_json())
    picture = np.zeros((16, 16, 3), np.uint8)
    with seen(site):
        drawing = drawings()[ECHO]
        for asked, clips in (({}, False), ({"clip_x0": True}, True)):
            request = drawing.request_class()(run=run, count=1, device="cpu", steps=3, **asked)
            job = drawing.load()(request, picture=picture, models=ModelStore())
            assert finish(job)[1].recipe["request"]["clip_x0"] is clips


def test_without_its_package_its_pictures_say_what_they_need(
    site: Path, qtbot: QtBot, tiny_run: Path, tmp_path: Path
) -> None:
    from ddpm_studio.export import save_png

    path = tmp_path / "echo.png"
    with seen(site):
        request = drawings()[ECHO].request_class()(run=tiny_run, count=1, device="cpu", steps=3)
        assert tool_of(ECHO) is TOOLS[ECHO]
        assert drawing_of(request).name == ECHO
        picture = np.zeros((16, 16, 3), np.uint8)
        job = drawings()[ECHO].load()(request, picture=picture, models=ModelStore())
        drawn = finish(job)[1]
        save_png(path, drawn.pictures, {**drawn.recipe, "index": 0})
    needed = r"needs the tool toy-echo of the plug-in toy-plugin 1\.0"
    with pytest.raises(StudioError, match=needed):
        read_parsed_recipe(path)


def test_one_that_fails_is_told_of_and_left_out(
    toy: Path, qtbot: QtBot, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    (plugin,) = plugins_with_tools()
    told: list[object] = []
    monkeypatch.setattr(f"{TOOLS[ECHO].implementation.replace(':', '.')}.__init__", _fail)
    monkeypatch.setattr(
        "ddpm_studio.gui.workspace.studio.Studio.notify", lambda _, x: told.append(x)
    )
    window = opened(qtbot, backend)
    assert window.tabs.find_panel(ECHO) is None
    assert window.tabs.count() == len(TOOLS) - 1
    (failure,) = told
    assert isinstance(failure, StudioError)
    assert f"Toy echo of {plugin.origin} can't be used: not today" in str(failure)


def test_two_tools_can_not_draw_the_same_kind() -> None:
    (own,) = TOOLS["share"].drawings
    other = ToolInfo("other", "Other", "", "a:b", menu="", icon="", drawings=(own,))
    with pytest.raises(ValueError, match="there is a drawing 'share' already"):
        TOOLS.add(other)
    assert "other" not in TOOLS


def plugins_with_tools() -> list[plugins.Plugin]:
    list(TOOLS)
    return [one for one in plugins.loaded() if ("tool", ECHO) in one.entries]


def _fail(*_: object) -> None:
    raise RuntimeError("not today")
