"""The menus of the real window."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.observatory.observatory_panel import ObservatoryPanel
from ddpm_studio.gui.features.reverse.reverse_panel import ReversePanel
from ddpm_studio.gui.shell.main_window import MainWindow
from tests.gui.panel_help import WAIT, open_run, opened

_MOST_IN_A_SECTION = 8
# The ids of the actions of the menus that belong to no tool, a line for each section.
_ORDER = {
    "File": """
    file.open_folder file.open_files file.open_model file.open_learnt
    file.show_run file.start file.forget file.make_lesson
    file.settings
    file.quit
    """,
    "Edit": "edit.undo edit.redo",
    "View": """
    view.tab1 view.tab2 view.tab3 view.tab4
    view.tab5 view.tab6 view.tab7 view.tab8
    view.tab_next view.tab_previous
    view.data view.training view.jobs view.pins view.reset
    view.full_screen view.zoom_in view.zoom_out view.zoom_all
    view.theme_system view.theme_light view.theme_dark
    pins.paste pins.remove pins.undo
    """,
    "Model": """
    training.start training.pause training.stop training.queue
    training.resume training.save_elsewhere training.settings training.fine_tune training.student
    run.rename run.trash run.undo
    jobs.cancel_all run.measure run.report
    """,
    "Help": """
    help.palette help.tour help.shortcuts help.glossary help.examples
    help.about
    """,
}


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> MainWindow:
    return opened(qtbot, backend)


def _menus(window: MainWindow) -> list[QMenu]:
    found = (action.menu() for action in window.menuBar().actions())
    top = [menu for menu in found if isinstance(menu, QMenu)]
    (tools,) = [menu for menu in top if menu.title() == "&Tools"]
    inner = (action.menu() for action in tools.actions())
    others = [menu for menu in top if menu is not tools]
    return [*others, *(menu for menu in inner if isinstance(menu, QMenu))]


def test_six_menus_stand_in_the_usual_order(window: MainWindow) -> None:
    titles = [action.text().replace("&", "") for action in window.menuBar().actions()]
    assert titles == ["File", "Edit", "View", "Model", "Tools", "Help"]
    mnemonics = [action.text()[action.text().index("&") + 1] for action in _tops(window)]
    assert len(set(mnemonics)) == len(mnemonics)
    inner = [action.text().replace("&", "") for action in _tools(window).actions()]
    tabs = [window.tabs.tabText(k) for k in range(window.tabs.count())]
    # Each tab has its entry, in the order of the tabs; an entry's title may be shorter.
    of_tabs = [title for title in inner if any(tab.startswith(title) for tab in tabs)]
    assert len(inner) - len(of_tabs) <= 1
    for tab, title in zip(tabs, of_tabs, strict=True):
        assert tab.startswith(title)


def _tops(window: MainWindow) -> list[QAction]:
    return list(window.menuBar().actions())


def _tools(window: MainWindow) -> QMenu:
    menu = next(action.menu() for action in _tops(window) if action.text() == "&Tools")
    assert isinstance(menu, QMenu)
    return menu


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


def test_the_actions_of_a_menu_stand_in_a_fixed_order(window: MainWindow) -> None:
    for menu in _menus(window):
        wanted = _ORDER.get(menu.title().replace("&", ""))
        if wanted is None:
            continue
        sections: list[list[str]] = [[]]
        for action in menu.actions():
            if action.isSeparator():
                sections.append([])
            else:
                sections[-1].append(action.objectName())
        assert [" ".join(section) for section in sections] == [
            line.strip() for line in wanted.strip().splitlines()
        ]


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
    for mode in ("matrix", "corners", "pad", "path", "row"):
        window.actions_[f"interpolate.way_{mode}"].trigger()
        assert window.tool(InterpolatePanel).mode == mode
        on = [a.objectName() for a in window.actions_ if "way_" in a.objectName() and a.isChecked()]
        assert on == [f"interpolate.way_{mode}"]
    window.actions_["interpolate.way_row"].trigger()
    assert window.tool(InterpolatePanel).mode == "row", "a way is always on"
    assert window.actions_["interpolate.way_row"].isChecked()
    window.actions_["interpolate.way_path"].trigger()
    window.actions_["interpolate.way_path"].trigger()
    assert window.tool(InterpolatePanel).mode == "row"


def test_a_tick_tells_the_theme(window: MainWindow) -> None:
    def ticked() -> list[str]:
        themes = ("system", "light", "dark")
        return [theme for theme in themes if window.actions_[f"view.theme_{theme}"].isChecked()]

    assert ticked() == ["system"]
    window.actions_["view.theme_dark"].trigger()
    assert ticked() == ["dark"]
    window.preferences.reset()
    assert ticked() == ["system"]


def test_what_a_tool_is_asked_for_is_seen(window: MainWindow) -> None:
    window.actions_["interpolate.way_pad"].trigger()
    assert window.tabs.isVisible(), "not the start page"
    assert window.tabs.currentWidget() is window.tool(InterpolatePanel)
    window.actions_["observatory.log"].trigger()
    assert window.tabs.currentWidget() is window.tool(ObservatoryPanel)
    window.actions_["view.jobs"].trigger()
    assert window.tabs.currentWidget() is window.tool(ObservatoryPanel)


def test_what_bits_found_can_be_saved(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    table, moving = window.actions_["bits.csv"], window.actions_["bits.save_animation"]
    open_run(qtbot, window.studio, tiny_run)
    assert not table.isEnabled()
    assert not moving.isEnabled()
    panel = window.tool(BitsPanel)
    panel.count.setValue(2)
    window.actions_["bits.measure"].trigger()
    qtbot.waitUntil(table.isEnabled, timeout=WAIT)
    qtbot.waitUntil(moving.isEnabled, timeout=WAIT)
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    panel.saver.save_csv(tmp_path / "bits.csv")
    panel.saver.menu.export_to("save_animation", tmp_path / "decoded.gif")
    qtbot.waitUntil(lambda: (tmp_path / "decoded.gif").is_file(), timeout=WAIT)
    qtbot.waitUntil(lambda: (tmp_path / "bits.csv").is_file(), timeout=WAIT)
    with (tmp_path / "bits.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert panel.measured is not None
    assert [int(row["t"]) for row in rows] == list(panel.measured.t)
    assert [float(row["bits"]) for row in rows] == list(panel.measured.bits)


def test_tabs_that_do_not_fit_are_reached_with_the_mouse(qtbot: QtBot, window: MainWindow) -> None:
    window.show_tool(window.tool(ReversePanel))
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
    assert window.tabs.currentIndex() == bar.count() - 1
