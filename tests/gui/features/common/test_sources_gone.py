"""Run whose training pictures were moved away: the tools use those kept in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, fitted, opened


def tool(window: MainWindow, key: str) -> tuple[ToolPanel, SourceSlot]:
    """Return a tool and the slot of its first source picture."""
    if key == "interpolate":
        return window.tool(InterpolatePanel), window.tool(InterpolatePanel).a
    return window.tool(InpaintPanel), window.tool(InpaintPanel).source


@pytest.fixture
def own_pictures(picture_folder: Path, tmp_path: Path) -> Path:
    own = tmp_path / "own"
    shutil.copytree(picture_folder, own)
    return own


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, own_pictures: Path, tmp_path: Path) -> MainWindow:
    """A window with a run open whose pictures were moved away; the cache still has them."""
    from ddpm_studio.jobs import train
    from ddpm_studio.requests import PrepareOptions, TrainRequest

    run = tmp_path / "run"
    request = TrainRequest(steps=1, batch_size=2, timesteps=20, sample_count=0, device="cpu")
    for _ in train([own_pictures], run, request, PrepareOptions()):
        pass
    own_pictures.rename(tmp_path / "moved")
    return opened(qtbot, backend, run)


@pytest.mark.parametrize("key", ["interpolate", "inpaint"])
def test_the_tools_begin_with_pictures_that_were_kept(
    qtbot: QtBot, window: MainWindow, picture_folder: Path, key: str
) -> None:
    from ddpm_studio import data
    from ddpm_studio.requests import PrepareOptions

    panel, slot = tool(window, key)
    learnt = data.preview([picture_folder], PrepareOptions(), 12).pictures
    window.show_tool(panel)
    qtbot.waitUntil(lambda: slot.fitted is not None, timeout=WAIT)
    assert any(np.array_equal(fitted(slot), one) for one in learnt)
    assert panel.messages.text == ""


def forget_cache(tmp_path: Path) -> None:
    """Move the cache of prepared data away; not deleted, as idle jobs may write covers there."""
    (tmp_path / "cache").rename(tmp_path / "cache of before")


@pytest.mark.parametrize("key", ["interpolate", "inpaint"])
def test_an_error_is_told_who_asks_and_goes_when_asked_again(
    qtbot: QtBot, window: MainWindow, own_pictures: Path, tmp_path: Path, key: str
) -> None:
    forget_cache(tmp_path)
    panel, slot = tool(window, key)
    window.show_tool(panel)
    qtbot.wait(400)
    assert panel.messages.text == "", "nobody asked for pictures"
    window.actions_[f"{key}.surprise"].trigger()
    qtbot.waitUntil(lambda: str(own_pictures) in panel.messages.text, timeout=WAIT)
    (tmp_path / "moved").rename(own_pictures)
    window.actions_[f"{key}.surprise"].trigger()
    qtbot.waitUntil(lambda: slot.fitted is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: panel.messages.text == "", timeout=WAIT)


@pytest.mark.parametrize("key", ["interpolate", "inpaint"])
def test_pictures_that_are_back_are_taken_when_the_tool_is_seen_again(
    qtbot: QtBot, window: MainWindow, own_pictures: Path, tmp_path: Path, key: str
) -> None:
    forget_cache(tmp_path)
    panel, slot = tool(window, key)
    window.show_tool(panel)
    qtbot.wait(400)
    assert slot.fitted is None
    (tmp_path / "moved").rename(own_pictures)
    window.show_tool(window.tool(SharePanel))
    window.show_tool(panel)
    qtbot.waitUntil(lambda: slot.fitted is not None, timeout=WAIT)
