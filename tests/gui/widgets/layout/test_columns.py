"""Columns layout: groups are stacked, and placed side by side where each has room."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.columns import MIN_COLUMN_WIDTH, Columns


class Both(Columns):
    """Columns with a button in one group, and a widget that fills the other."""

    def __init__(self) -> None:
        super().__init__()
        self.press, self.figure = QPushButton("Start"), QWidget()
        self.add(self.press)
        self.add(self.figure, stretched=self.figure)


@pytest.fixture
def columns(qtbot: QtBot) -> Both:
    made = Both()
    qtbot.addWidget(made)
    made.show()
    return made


def stands_beside(columns: Columns) -> bool:
    return columns.is_side_by_side


def test_wide_ones_take_more_columns(qtbot: QtBot, columns: Both) -> None:
    press, figure = columns.press, columns.figure
    columns.resize(MIN_COLUMN_WIDTH + 40, 600)
    qtbot.wait(20)
    assert press.y() + press.height() < figure.y()
    columns.resize(2 * MIN_COLUMN_WIDTH + 80, 600)
    qtbot.wait(20)
    assert stands_beside(columns)
    assert press.geometry().right() < figure.x()
    assert figure.height() > 500
    assert columns.minimumSizeHint().width() <= MIN_COLUMN_WIDTH, "it can be made narrow again"
    columns.resize(MIN_COLUMN_WIDTH + 40, 600)
    qtbot.wait(20)
    assert not stands_beside(columns)


def test_what_fills_takes_the_height_that_is_left(qtbot: QtBot, columns: Both) -> None:
    press, figure = columns.press, columns.figure
    columns.resize(MIN_COLUMN_WIDTH, 600)
    qtbot.wait(20)
    assert figure.height() > 600 - press.height() - 80
    figure.hide()
    qtbot.wait(20)
    assert press.y() < 40, "what is left over stays below"
