"""Control rows: each tool has one row and a drawer, and leaves the docks' widths alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio import paths
from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.folding_dock import RAIL
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from tests.gui.measuring import SIZES
from tests.gui.panel_help import WAIT, opened

TRAINING = 344
# Greatest height in pixels of a row, and a slider or a slot next to it or above it.
MOST = 124


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, theme: Theme) -> MainWindow:
    return opened(qtbot, backend, paths.models_dir() / "fashion-mnist")


def test_controls_take_a_row_beside_the_pictures_and_docks_keep_their_width(
    qtbot: QtBot, window: MainWindow
) -> None:
    reverse, share = window.tool(ReversePanel), window.tool(SharePanel)
    mixing, filling = window.tool(InterpolatePanel), window.tool(InpaintPanel)
    bits = window.tool(BitsPanel)
    pictures: dict[QWidget, QWidget | None] = {
        reverse: reverse.views,
        share: share.grid,
        mixing: mixing.drawer.parentWidget(),
        filling: filling.drawer.parentWidget(),
        bits: bits.grid.parentWidget(),
    }
    for panel, shown in pictures.items():
        assert shown is not None
        if panel is not bits:
            panel.sampler.set_value({"steps": 1})  # type: ignore[attr-defined]
        window.show_tool(panel)
        for width, height in SIZES:
            window.resize(width, height)
            qtbot.wait(80)
            place = f"{type(panel).__name__} at {width}"
            data, training = (dock.width() for dock in window.docks[:2])
            assert training == (RAIL if width < 1180 else TRAINING), place
            assert (data == RAIL) == (width < 1400), place
            (row,) = panel.findChildren(ControlRow)
            parts = [part for part in row.shown if part.isVisible()]
            lines = {part.mapTo(panel, QPoint()).y() + part.height() // 2 for part in parts}
            assert max(lines) - min(lines) <= 4, place
            # The film strip is shown in higher windows only.
            strip = reverse.strip.height() + 8 if panel is reverse and height >= 900 else 0
            if panel is bits:
                strip = bits.source.height() + 8
            assert panel.height() - shown.height() <= MOST + strip, place


def test_docks_let_pictures_be_opened_where_there_is_no_model(
    qtbot: QtBot, backend: Backend
) -> None:
    window = opened(qtbot, backend)
    window.resize(1280, 800)
    qtbot.wait(50)
    assert min(dock.width() for dock in window.docks[:2]) > RAIL
    window.studio.open_run(paths.models_dir() / "fashion-mnist")
    qtbot.waitUntil(lambda: window.studio.can_draw, timeout=WAIT)
    qtbot.waitUntil(lambda: window.docks[0].width() == RAIL, timeout=WAIT)
    window.docks[0].button.click()  # type: ignore[attr-defined]
    assert window.data.isVisible()
