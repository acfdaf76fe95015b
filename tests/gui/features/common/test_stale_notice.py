"""Age row of a tool: drawings of an earlier step of the model are marked as such."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, open_run, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def _train_further(qtbot: QtBot, window: MainWindow, steps: int) -> None:
    studio = window.studio
    assert studio.run_view is not None
    assert studio.run_view.request is not None
    request = studio.run_view.request.model_copy(update={"steps": steps})
    studio.trainer.resume(studio.run_view.summary.path, request)
    assert studio.training is not None
    with qtbot.waitSignal(studio.training.ended, timeout=WAIT):
        pass
    qtbot.waitUntil(lambda: studio.model_step == steps, timeout=WAIT)


@pytest.mark.parametrize("tool", ["reverse", "share", "interpolate"])
def test_a_drawing_of_an_earlier_step_says_so_and_is_drawn_again(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path, tool: str
) -> None:
    run = shutil.copytree(tiny_run, tmp_path / "run")
    open_run(qtbot, window.studio, run)
    panel = window.tabs.find_panel(tool)
    assert isinstance(panel, ReversePanel | SharePanel | InterpolatePanel)
    panel.sampler.set_value({"steps": 2})
    window.show_tool(panel)
    age = panel._stale_notice
    assert age is not None
    qtbot.waitUntil(lambda: age.caption.text() == "Drawn at step 4", timeout=WAIT)
    assert not age.isVisible(), "there is nothing to say while it is as new as the model"
    _train_further(qtbot, window, 6)
    qtbot.waitUntil(lambda: age.is_stale, timeout=WAIT)
    assert age.caption.text() == "Drawn at step 4 · the model is at 6"
    age.button.click()
    qtbot.waitUntil(lambda: age.caption.text() == "Drawn at step 6", timeout=WAIT)


def test_a_model_that_is_being_opened_is_named(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    assert window.tool(SharePanel).empty.text == "Train or open a model first"
    window.studio.open_run(tiny_run)
    assert window.tool(SharePanel).empty.text == f"Opening {tiny_run.name}…"
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)
    assert window.studio.opening is None
