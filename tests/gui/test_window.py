"""The real window: two clicks to a training, a picture dropped back, what survives a restart."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.export import save_png
from ddpm_studio.gui.main_window import MainWindow
from ddpm_studio.gui.settings import open_settings
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.theme import current_theme
from ddpm_studio.jobs import ModelStore, sample
from ddpm_studio.jobs.events import RunStarted
from ddpm_studio.requests import SampleRequest
from tests.gui.panel_help import WAIT, drop, files, open_run
from tests.jobs.conftest import finish


def opened(qtbot: QtBot, backend: Backend) -> MainWindow:
    window = MainWindow(Studio(backend), open_settings())
    qtbot.addWidget(window)
    window.show()
    window.build_tools()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def window(qtbot: QtBot, backend: Backend) -> Iterator[MainWindow]:
    made = opened(qtbot, backend)
    yield made
    if made.studio.training is not None:
        with qtbot.waitSignal(made.studio.training.ended, timeout=WAIT):
            made.studio.stop_training()


class _Clicks(QObject):
    """Counts what the mouse did anywhere in the program."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(watched, QPushButton):
            self.count += 1
        return False


def test_two_clicks_from_the_first_launch_to_a_training(qtbot: QtBot, window: MainWindow) -> None:
    clicks = _Clicks()
    app = QApplication.instance()
    assert app is not None
    app.installEventFilter(clicks)
    started: list[RunStarted] = []
    cards = [b for b in window.start_page.findChildren(QPushButton) if "Fashion" in b.text()]
    QTest.mouseClick(cards[0], Qt.MouseButton.LeftButton)
    start = window.training.start_button
    qtbot.waitUntil(lambda: start.isVisible() and start.isEnabled(), timeout=WAIT)
    QTest.mouseClick(start, Qt.MouseButton.LeftButton)
    assert window.studio.training is not None
    window.studio.training.emitted.connect(
        lambda event: started.append(event) if isinstance(event, RunStarted) else None
    )
    qtbot.waitUntil(lambda: bool(started), timeout=WAIT)
    app.removeEventFilter(clicks)
    assert clicks.count == 2


def test_a_picture_dropped_back_is_drawn_again_bit_for_bit(
    qtbot: QtBot, window: MainWindow, tiny_run: Path, tmp_path: Path
) -> None:
    request = SampleRequest(
        run=tiny_run, count=3, seed=11, sampler="dpm++2m", steps=7, clip_x0=False, device="cpu"
    )
    drawn = finish(sample(request, ModelStore()))[1]
    path = tmp_path / "one.png"
    save_png(path, drawn.pictures[1:2], {**drawn.recipe, "index": 1})
    assert drop(window, files(path))
    qtbot.waitUntil(lambda: bool(window.reverse.trajectory.recipe), timeout=WAIT)
    shown = window.reverse.views.grids[0, "x_t"]
    assert window.tabs.currentWidget() is window.reverse
    assert window.studio.run == tiny_run
    again = np.stack([shown.picture(k) for k in range(3)])
    assert np.array_equal(again, drawn.pictures)
    assert shown.current == 1


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"kind": "sample", "request": {"run": "r", "steps": -3}}, "does not say in full"),
        ({"kind": "sample", "request": {"run": "/no/such/run"}}, "not at"),
    ],
)
def test_a_picture_whose_recipe_can_not_be_followed(
    window: MainWindow, tmp_path: Path, recipe: dict[str, object], words: str
) -> None:
    save_png(tmp_path / "p.png", np.zeros((1, 8, 8, 3), np.uint8), recipe)
    drop(window, files(tmp_path / "p.png"))
    assert words in window.messages.text
    assert window.studio.sources == ()


def test_what_survives_a_restart_and_what_reset_takes_back(
    qtbot: QtBot, backend: Backend, window: MainWindow, tiny_run: Path
) -> None:
    open_run(qtbot, window.studio, tiny_run)
    window.actions_["view.theme_dark"].trigger()
    window.actions_["view.jobs"].trigger()
    window.actions_.set_shortcut("view.jobs", "Ctrl+J")
    window.close()
    later = opened(qtbot, backend)
    docks = {dock.objectName(): dock for dock in later._docks}
    assert not docks["jobs"].isVisible()
    assert docks["data"].isVisible()
    assert later.actions_.shortcut("view.jobs") == "Ctrl+J"
    assert open_settings().value("theme") == "dark"
    links = [b.text() for b in later.start_page.findChildren(QPushButton)]
    assert tiny_run.name in links
    later.actions_["view.reset"].trigger()
    later.actions_.reset_shortcuts()
    assert docks["jobs"].isVisible()
    assert later.actions_.shortcut("view.jobs") == ""
    later.actions_["view.theme_system"].trigger()
    assert current_theme().mode == "system"


def _focusable(window: MainWindow) -> Iterator[QWidget]:
    for widget in window.findChildren(QWidget):
        # A spin box speaks for the line edit within.
        inner = widget.objectName() == "qt_spinbox_lineedit"
        shown = widget.isVisibleTo(window) and not inner
        if shown and widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
            yield widget


def test_every_focusable_widget_has_a_name_and_a_role(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    nameless = set()

    def look(place: str) -> int:
        found = 0
        for widget in _focusable(window):
            face = QAccessible.queryAccessibleInterface(widget)
            said = face.text(QAccessible.Text.Name) if face is not None else ""
            if face is None or not said or face.role() == QAccessible.Role.NoRole:
                owner = type(widget.parent()).__name__
                nameless.add((place, type(widget).__name__, widget.objectName(), owner))
            found += 1
        return found

    assert look("start") > 5
    open_run(qtbot, window.studio, tiny_run)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        assert look(window.tabs.tabText(index)) > 20
    assert not nameless


def test_every_action_is_in_a_menu_and_in_the_palette(window: MainWindow) -> None:
    in_menus = {
        action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()
    }
    window.actions_["help.palette"].trigger()
    listed = window.palette_.list
    in_palette = {
        listed.item(row).data(Qt.ItemDataRole.UserRole).objectName()
        for row in range(listed.count())
    }
    window.palette_.hide()
    for action in window.actions_:
        assert action in in_menus, action.objectName()
        assert action.objectName() in in_palette
    mnemonics = [top.text() for top in window.menuBar().actions()]
    assert all("&" in text for text in mnemonics)


def test_tab_goes_down_a_panel_and_never_back_more_than_a_row(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    open_run(qtbot, window.studio, tiny_run)
    for index in range(window.tabs.count()):
        window.tabs.setCurrentIndex(index)
        panel = window.tabs.currentWidget()
        assert panel is not None
        wanted = [
            w
            for w in _focusable(window)
            if panel.isAncestorOf(w) and w.focusPolicy() & Qt.FocusPolicy.TabFocus
        ]
        walked: list[QWidget] = []
        here = panel.nextInFocusChain()
        while here is not None and here is not panel:
            if here in wanted:
                walked.append(here)
            here = here.nextInFocusChain()
        assert len(walked) == len(wanted)
        # A step back up the window is allowed from the foot of a column to the head of the next.
        tops = [(w.mapTo(panel, w.rect().topLeft()), w) for w in walked]
        for (before, _), (after, widget) in itertools.pairwise(tops):
            up = before.y() - after.y() > _ROW
            assert not (up and after.x() <= before.x()), (window.tabs.tabText(index), widget)


_ROW = 48
