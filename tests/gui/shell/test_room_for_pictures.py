"""Space for pictures: they cover most of the central area at every window size."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio import paths
from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.pictures.grid_layout import FILL_ROUGHLY, FILL_VIEW
from tests.gui.measuring import SIZES, share
from tests.gui.panel_help import WAIT, opened

SCALE = "QT_SCALE_FACTOR"
LEAST = 0.55
# For the few pictures that are drawn by default.
LEAST_OF_FEW = 0.5


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, theme: Theme) -> MainWindow:
    return opened(qtbot, backend, paths.models_dir() / "fashion-mnist")


def draw(qtbot: QtBot, panel: ToolPanel, number: int = FILL_VIEW) -> None:
    """Draw ``number`` pictures, by default as many as fit, and wait for them."""
    count = getattr(panel, "count", None)
    assert isinstance(count, QComboBox)
    count.setCurrentIndex(count.findData(number))
    panel.draw_now()
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    qtbot.wait(50)


@pytest.mark.parametrize("size", SIZES)
def test_pictures_take_most_of_the_middle(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    found: dict[str, float] = {}
    reverse, share_panel = window.tool(ReversePanel), window.tool(SharePanel)
    mixing, filling = window.tool(InterpolatePanel), window.tool(InpaintPanel)
    gallery = window.tool(GalleryPanel)
    for panel in (reverse, share_panel, mixing, filling, gallery):
        panel.sampler.steps.setValue(2)
        window.show_tool(panel)
        qtbot.wait(300)
        if panel is mixing:
            qtbot.waitUntil(lambda: mixing.drawn is not None, timeout=WAIT)
        elif panel is gallery:
            gallery.bar.zoom.setValue(160)
            gallery.count.setCurrentIndex(gallery.count.findData(64))
            gallery.draw_samples()
            qtbot.waitUntil(lambda: gallery.thumbnails.count >= 64, timeout=WAIT)
            qtbot.wait(100)
        else:
            if panel is filling:
                qtbot.waitUntil(lambda: filling.source.fitted is not None, timeout=WAIT)
                filling.canvas.set_mask(np.ones_like(filling.canvas.painted))
            if panel in (reverse, share_panel):
                assert panel.count.currentData() == FILL_ROUGHLY, "the first choice"
                draw(qtbot, panel, FILL_ROUGHLY)
                assert share(window) >= LEAST_OF_FEW, panel.tool
            draw(qtbot, panel)
        found[panel.tool] = round(share(window), 3)
    assert (window.width(), window.height()) == size
    assert window.devicePixelRatioF() == float(os.environ.get(SCALE, "1"))
    assert {tool: part for tool, part in found.items() if part < LEAST} == {}


def test_pictures_take_most_of_the_middle_at_two_hundred_percent() -> None:
    # The scale factor belongs to a whole process: hence the subprocess.
    size = f"size{SIZES.index((1280, 800))}"
    test = f"{__file__}::{test_pictures_take_most_of_the_middle.__name__}[{size}]"
    words = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", test]
    ran = subprocess.run(
        words, env=os.environ | {SCALE: "2"}, capture_output=True, text=True, check=False
    )
    assert "1 passed" in ran.stdout, ran.stdout[-2000:]
