"""Message bars cover no control of the front tab."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from tests.gui.panel_help import WAIT, opened

TOOLS = (ReversePanel, SharePanel, InterpolatePanel, InpaintPanel, GalleryPanel, ObservatoryPanel)


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    return opened(qtbot, backend, tiny_run)


def place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, QPoint()), widget.size())


def controls(panel: QWidget, bars: list[MessageBar]) -> list[QWidget]:
    """Return the visible control rows, and enabled buttons and sliders, outside of ``bars``."""
    rows: list[QWidget] = list(panel.findChildren(ControlRow))
    kinds = (*panel.findChildren(QAbstractButton), *panel.findChildren(QAbstractSlider))
    inner = [one for one in kinds if not any(bar.isAncestorOf(one) for bar in bars)]
    focusable = [one for one in inner if one.focusPolicy().value]
    return [one for one in (*rows, *focusable) if one.isVisible() and one.isEnabled()]


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)])
def test_no_message_lies_over_a_control(
    qtbot: QtBot, window: MainWindow, size: tuple[int, int]
) -> None:
    window.resize(*size)
    for of in TOOLS:
        panel: Any = window.tool(of)
        window.show_tool(panel)
        qtbot.wait(60)
        qtbot.waitUntil(lambda: not getattr(panel, "busy", False), timeout=WAIT)  # noqa: B023
        bars = [window.messages, panel.messages]
        show_saved_message(panel.messages, Path("/home/someone/Pictures/reverse.png"))
        window.studio.notify(StudioError("It went wrong.", "Try again.", "The details."))
        qtbot.wait(30)
        below = controls(panel, bars)
        assert below
        for bar in bars:
            assert bar.isVisible()
            lies = place(bar, window)
            covered = [one for one in below if place(one, window).intersects(lies)]
            assert not covered, (of.__name__, lies, [one.accessibleName() for one in covered])
        first, second = (place(bar, window) for bar in bars)
        assert not first.intersects(second), of.__name__


def test_it_gives_way_to_a_drawer(qtbot: QtBot, window: MainWindow) -> None:
    window.resize(1280, 800)
    reverse = window.tool(ReversePanel)
    window.show_tool(reverse)
    qtbot.waitUntil(lambda: not reverse.busy, timeout=WAIT)
    window.studio.notify(StudioError("It went wrong.", "Try again."))
    reverse.drawer.button.click()
    qtbot.wait(30)
    assert reverse.drawer.isVisible()
    lies = place(window.messages, window)
    assert not place(reverse.drawer, window).intersects(lies)


def test_it_makes_room_for_the_controls_of_the_tab_that_one_turns_to(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.resize(1024, 700)
    window.show_tool(window.tool(GalleryPanel))
    window.studio.notify(StudioError("It went wrong.", "Try again."))
    reverse = window.tool(ReversePanel)
    window.show_tool(reverse)
    qtbot.wait(60)
    lies = place(window.messages, window)
    assert not any(
        place(one, window).intersects(lies) for one in controls(reverse, [window.messages])
    )
