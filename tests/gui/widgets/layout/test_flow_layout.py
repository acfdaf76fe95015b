from __future__ import annotations

import pytest
from PySide6.QtCore import QRect
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout

GAP, LINE_GAP = 10, 4


def block(width: int, height: int) -> QWidget:
    made = QWidget()
    made.setFixedSize(width, height)
    return made


@pytest.fixture
def blocks() -> list[QWidget]:
    """Three widgets of 100 × 20 px, the second only 10 px high."""
    return [block(100, 20), block(100, 10), block(100, 20)]


@pytest.fixture
def field(qtbot: QtBot, blocks: list[QWidget]) -> QWidget:
    made = QWidget()
    layout = FlowLayout(GAP, LINE_GAP, made)
    for one in blocks:
        layout.addWidget(one)
    qtbot.addWidget(made)
    return made


def places(field: QWidget, blocks: list[QWidget], width: int) -> list[tuple[int, int]]:
    layout = field.layout()
    assert layout is not None
    layout.setGeometry(QRect(0, 0, width, 100))
    return [(one.x(), one.y()) for one in blocks if not one.isHidden()]


def test_lines_break_where_the_width_ends(field: QWidget, blocks: list[QWidget]) -> None:
    assert places(field, blocks, 320) == [(0, 0), (110, 5), (220, 0)]
    assert places(field, blocks, 319) == [(0, 0), (110, 5), (0, 20 + LINE_GAP)]
    assert field.heightForWidth(319) == 2 * 20 + LINE_GAP
    assert field.sizeHint().width() == 320
    assert field.minimumSizeHint().width() == 100


def test_what_is_hidden_takes_no_room(field: QWidget, blocks: list[QWidget]) -> None:
    blocks[1].hide()
    assert places(field, blocks, 320) == [(0, 0), (110, 0)]
    assert field.sizeHint().width() == 210


def test_the_corner_stays_at_the_end_of_the_first_line(
    field: QWidget, blocks: list[QWidget]
) -> None:
    layout = field.layout()
    assert isinstance(layout, FlowLayout)
    corner = block(30, 20)
    layout.set_corner(corner)
    assert places(field, [*blocks, corner], 319) == [(0, 0), (110, 5), (0, 24), (289, 0)]
