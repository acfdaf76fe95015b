"""Window size: whatever is opened, the window keeps it and scrolls nothing sideways."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.learn.equation import Equation
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import Theme
from tests.gui.panel_help import WAIT, open_run, opened

SMALL = (1100, 700)


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, theme: Theme) -> MainWindow:
    made = opened(qtbot, backend)
    made.resize(*SMALL)
    return made


def cut_sideways(inside: QWidget) -> list[str]:
    """Return the visible scroll areas whose content is wider than their viewport."""
    found = []
    for area in inside.findChildren(QScrollArea):
        content = area.widget()
        if area.isVisible() and content is not None and content.width() > area.viewport().width():
            place = f"{content.width()} in {area.viewport().width()} px"
            found.append(f"{area.accessibleName()}: {place}")
    return found


def test_opening_things_does_not_push_the_window_open(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    # Many classes, notes, everything unfolded: the Data dock at its highest.
    window.open_sample("fashion-mnist")
    qtbot.waitUntil(lambda: window.studio.dataset is not None, timeout=WAIT)
    window.data.form.more_button.setChecked(True)
    open_run(qtbot, window.studio, tiny_run)
    window.training.settings_fold.setChecked(True)
    for number in range(window.tabs.count()):
        panel = window.tabs.widget(number)
        assert panel is not None
        window.show_tool(panel)
        qtbot.wait(20)
        assert (window.width(), window.height()) == SMALL, panel


def test_no_chapter_of_learn_is_scrolled_sideways(
    qtbot: QtBot, window: MainWindow, tiny_run: Path
) -> None:
    open_run(qtbot, window.studio, tiny_run)
    (learn,) = window.findChildren(LearnPanel)
    window.show_tool(learn)
    for chapter in (learn.forward, learn.bound, learn.playground):
        learn.show_chapter(chapter)
        qtbot.wait(50)
        assert chapter.isVisible()
        assert cut_sideways(learn) == []
        seen = [one for one in learn.findChildren(Equation) if one.isVisible()]
        assert seen
        for equation in seen:
            assert equation.font_size >= 15, f"{equation.accessibleName()} can't be read"
            assert equation.piece.width <= equation.width()
            high = equation.piece.ascent + equation.piece.descent
            assert high < equation.height(), f"{equation.accessibleName()} is cut off"
    assert (window.width(), window.height()) == SMALL
