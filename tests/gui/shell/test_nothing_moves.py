"""Stable layout: no control moves by itself, and building the window flashes no other one."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.stale_notice import StaleNotice
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from tests.gui.panel_help import opened


class Windows(QObject):
    """Event filter that records widgets shown as windows, other than main windows."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Show
            and isinstance(watched, QWidget)
            and watched.isWindow()
            and not isinstance(watched, QMainWindow)
        ):
            self.seen.append(f"{type(watched).__name__} {watched.accessibleName()}")
        return False


def test_the_window_is_the_only_one_while_it_is_built(
    qtbot: QtBot, backend: Backend, tiny_run: Path
) -> None:
    application, windows = QApplication.instance(), Windows()
    assert isinstance(application, QApplication)
    application.installEventFilter(windows)
    try:
        window = opened(qtbot, backend, tiny_run)
        for size in ((1024, 700), (2560, 1440)):
            window.resize(*size)
            qtbot.wait(50)
    finally:
        application.removeEventFilter(windows)
    assert windows.seen == []


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    made = opened(qtbot, backend, tiny_run)
    made.resize(1280, 800)
    return made


@pytest.mark.parametrize("of", [ReversePanel, SharePanel, InterpolatePanel, InpaintPanel])
def test_messages_and_the_age_of_pictures_move_no_control(
    qtbot: QtBot, window: MainWindow, of: type[ToolPanel]
) -> None:
    panel = window.tool(of)
    window.show_tool(panel)
    qtbot.wait(50)
    (row,) = panel.findChildren(ControlRow)

    def places() -> list[QPoint]:
        qtbot.wait(20)
        return [part.mapTo(window, QPoint()) for part in row.shown]

    before = places()
    panel.messages.show_warning("Something should be looked at.")
    panel.progress.show()
    assert places() == before
    window.studio.notify(StudioError("It went wrong.", "Try again.", "The details."))
    assert places() == before
    (age,) = panel.findChildren(StaleNotice)
    age.show()
    assert places() == before
