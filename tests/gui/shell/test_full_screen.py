"""Full screen (F11): the front tab alone on the screen, and back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.shell.folding_dock import FoldingDock
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.workspace.settings import open_settings
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend


def test_full_screen_shows_the_tab_alone_and_comes_back(qtbot: QtBot, fake: FakeBackend) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    window.show_tool(window.tool(SharePanel))
    window.docks[3].hide()
    around = (*window.docks[:3], window.menuBar(), window.tabs.tabBar())
    window.actions_["view.full_screen"].trigger()
    assert window.isFullScreen()
    assert not any(part.isVisible() for part in around)
    assert window.tool(SharePanel).isVisible()
    assert "Escape returns" in window.messages.text
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert all(part.isVisible() for part in around)
    assert not window.docks[3].isVisible(), "it was away before"
    assert not window.actions_["view.full_screen"].isChecked()


def test_closing_from_full_screen_keeps_the_docks(qtbot: QtBot, fake: FakeBackend) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    window.actions_["view.full_screen"].trigger()
    window.close()
    later = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(later)
    later.show()
    later.build_tools()
    assert not later.isFullScreen()
    assert all(dock.isVisible() for dock in later.docks)


def test_each_tab_fills_the_screen_and_no_open_dock_lies_over_it(
    qtbot: QtBot, fake: FakeBackend
) -> None:
    window = MainWindow(Studio(fake), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    window.resize(800, 600)
    qtbot.wait(50)
    data = window.docks[0]
    assert isinstance(data, FoldingDock)
    full = window.actions_["view.full_screen"]
    for panel in window.tabs.panels:
        window.show_tool(panel)
        data.reveal()
        assert window.data.isVisible()
        full.trigger()
        qtbot.wait(20)
        middle = window.centralWidget()
        assert middle is not None
        assert middle.size() == window.size(), panel
        assert panel.isVisible()
        assert not window.data.isVisible()
        full.trigger()
        qtbot.wait(20)
        assert data.isVisible()
