"""Dock widths: restored after the window was narrow for a while, and after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.shell.folding_dock import RAIL
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.gui.theme.theme import current_theme
from tests.gui.panel_help import opened

WIDE, NARROW = 1280, 800


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    made = opened(qtbot, backend, tiny_run)
    resize(qtbot, made, WIDE)
    return made


def resize(qtbot: QtBot, window: MainWindow, width: int) -> None:
    window.resize(width, 800)
    qtbot.wait(50)


def widths(window: MainWindow) -> tuple[int, int]:
    data, training, *_ = window.docks
    return data.width(), training.width()


def drag_separator(qtbot: QtBot, window: MainWindow, by: int) -> None:
    """Drag the separator between the central area and the Training dock by ``by`` px."""
    training = window.docks[1].geometry()
    y = training.center().y()
    x = next(x for x in range(training.left(), 0, -1) if window.isSeparator(QPoint(x, y)))
    at = QPoint(x, y)
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(window, left, pos=at)
    QTest.mouseMove(window, at + QPoint(by, 0))
    qtbot.wait(50)
    QTest.mouseRelease(window, left, pos=at + QPoint(by, 0))
    qtbot.wait(50)


def test_a_window_that_was_narrow_has_its_first_widths_again(
    qtbot: QtBot, window: MainWindow
) -> None:
    first = widths(window)
    resize(qtbot, window, NARROW)
    assert widths(window)[1] < first[1]
    resize(qtbot, window, WIDE)
    assert widths(window) == first


@pytest.mark.parametrize("by", [-70, 20])
def test_widths_that_a_person_gave_come_back(qtbot: QtBot, window: MainWindow, by: int) -> None:
    first = widths(window)
    drag_separator(qtbot, window, by)
    given = widths(window)
    assert given == (first[0], first[1] - by)
    resize(qtbot, window, NARROW)
    resize(qtbot, window, WIDE + 100)
    assert widths(window) == given
    window.actions_["view.reset"].trigger()
    qtbot.wait(50)
    assert widths(window) == first


def test_a_restart_keeps_what_a_person_gave(
    qtbot: QtBot, window: MainWindow, backend: Backend, tiny_run: Path
) -> None:
    first = widths(window)[1]
    drag_separator(qtbot, window, -70)
    given = widths(window)
    window.close()
    later = opened(qtbot, backend, tiny_run)
    qtbot.wait(50)
    resize(qtbot, later, NARROW)
    resize(qtbot, later, WIDE)
    assert given[1] != first
    assert widths(later) == given


def test_docks_that_fold_again_leave_the_middle_all_but_their_rails(
    qtbot: QtBot, window: MainWindow
) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    for _ in range(2):
        # Applying the theme leaves docks the minimum width that their panels had.
        current_theme().apply(application)
        resize(qtbot, window, NARROW)
        qtbot.waitUntil(lambda: widths(window) == (RAIL, RAIL))
        resize(qtbot, window, 2 * WIDE)
        qtbot.waitUntil(lambda: widths(window)[0] > RAIL)
