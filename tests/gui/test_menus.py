"""The menus of the real window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.main_window import MainWindow
from tests.gui.panel_help import opened

_MOST_IN_A_SECTION = 8


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def _menus(window: MainWindow) -> list[QMenu]:
    found = (action.menu() for action in window.menuBar().actions())
    return [menu for menu in found if isinstance(menu, QMenu)]


def test_each_action_stands_in_one_menu_in_short_sections(window: MainWindow) -> None:
    seen = []
    for menu in _menus(window):
        section = 0
        for action in menu.actions():
            section = 0 if action.isSeparator() else section + 1
            assert section <= _MOST_IN_A_SECTION, f"{menu.title()} is one long block"
            if not action.isSeparator():
                seen.append(action.objectName())
    assert sorted(seen) == sorted(action.objectName() for action in window.actions_)


def test_a_tick_tells_which_docks_are_shown(window: MainWindow) -> None:
    dock, action = window.docks[0], window.actions_["view.data"]
    assert action.isChecked()
    action.trigger()
    assert not dock.isVisible()
    assert not action.isChecked()
    action.trigger()
    assert dock.isVisible()
    dock.close()
    assert not action.isChecked()


def test_the_ways_to_mix_are_switches_one_at_a_time(window: MainWindow) -> None:
    for mode in ("matrix", "corners", "pad", "path"):
        window.actions_[f"interpolate.way_{mode}"].trigger()
        assert window.interpolate.mode == mode
        on = [a.objectName() for a in window.actions_ if "way_" in a.objectName() and a.isChecked()]
        assert on == [f"interpolate.way_{mode}"]
    window.actions_["interpolate.way_path"].trigger()
    assert window.interpolate.mode == "row"


def test_tabs_that_do_not_fit_are_reached_with_the_mouse(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.reverse)
    window.resize(window.minimumSizeHint())
    QApplication.processEvents()
    bar = window.tabs.tabBar()
    last = bar.tabRect(bar.count() - 1)
    assert not bar.rect().contains(last), "the window is narrow enough for this"
    on = next(
        button
        for button in bar.findChildren(QToolButton)
        if button.isVisible() and button.arrowType() is Qt.ArrowType.RightArrow
    )
    while on.isEnabled():
        qtbot.mouseClick(on, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(bar.count() - 1).center())
    assert window.tabs.currentWidget() is window.observatory
