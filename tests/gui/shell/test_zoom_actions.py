"""Zoom actions of the command palette: every view with pictures can be zoomed."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    return opened(qtbot, backend, tiny_run)


def press(window: MainWindow, key: str, times: int = 1) -> None:
    for _ in range(times):
        window.actions_[f"view.zoom_{key}"].trigger()


def test_views_of_a_process_are_zoomed_in_step(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.tool(ReversePanel)
    window.show_tool(panel)
    qtbot.waitUntil(lambda: panel.process.finished, timeout=WAIT)
    grids = list(panel.views.grids.values())
    fitted = [grid.zoom for grid in grids]
    press(window, "in", 3)
    (zoom,) = {grid.zoom for grid in grids}
    assert zoom > fitted[0]
    assert len({grid.view_state for grid in grids}) == 1
    panel.player.seek(0)
    assert {grid.zoom for grid in grids} == {zoom}
    press(window, "out")
    assert {grid.zoom for grid in grids} != {zoom}
    press(window, "all")
    assert [grid.zoom for grid in grids] == fitted


def test_every_tool_has_something_to_zoom(qtbot: QtBot, window: MainWindow) -> None:
    share, mixing = window.tool(SharePanel), window.tool(InterpolatePanel)
    filling, gallery = window.tool(InpaintPanel), window.tool(GalleryPanel)
    window.show_tool(share)
    qtbot.waitUntil(lambda: share.grid.count > 0, timeout=WAIT)
    before = share.grid.zoom
    press(window, "in")
    assert share.grid.zoom > before
    window.show_tool(mixing)
    qtbot.waitUntil(lambda: mixing.preview.count > 0, timeout=WAIT)
    mixing.preview.setFocus()
    before = mixing.preview.zoom
    press(window, "in")
    assert mixing.preview.zoom > before
    window.show_tool(filling)
    qtbot.waitUntil(lambda: filling.source.fitted is not None, timeout=WAIT)
    filling.canvas.setFocus()
    whole = filling.canvas.picture_rect()
    press(window, "in", 2)
    assert filling.canvas.picture_rect().width() > whole.width()
    press(window, "all")
    assert filling.canvas.picture_rect() == whole
    window.show_tool(gallery)
    gallery.thumbnails.setFocus()
    side = gallery.bar.zoom.value()
    press(window, "in")
    assert gallery.bar.zoom.value() > side
