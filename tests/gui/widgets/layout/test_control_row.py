"""Control row: one line at any width; controls without room move into the drawer."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.drawer import Drawer, ExplainedControl

WIDE, NARROW = 900, 380


class Field(QWidget):
    """A control row below its drawer's widget: First stays, Second to Fourth may move away."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = QWidget()
        self.drawer = Drawer(self.pictures, "Sliders", "More")
        self.row = ControlRow(self.drawer)
        self.parts = [QPushButton(text) for text in ("First", "Second", "Third", "Fourth")]
        for part in self.parts:
            part.setFixedSize(150, 24)
            self.row.add(part, f"About {part.text()}", keep=part.text() == "First")
        self.row.set_corner(self.drawer.button)
        column = QVBoxLayout(self)
        column.addWidget(self.pictures, 1)
        column.addWidget(self.row)

    def lines(self) -> set[int]:
        return {part.mapTo(self, QPoint()).y() for part in self.row.shown if part.isVisible()}


@pytest.fixture
def field(qtbot: QtBot) -> Field:
    made = Field()
    qtbot.addWidget(made)
    made.resize(WIDE, 300)
    made.show()
    return made


def settle(qtbot: QtBot, field: Field, width: int) -> list[str]:
    field.resize(width, 300)
    qtbot.wait(20)
    return [part.text() for part in field.parts if field.row.isAncestorOf(part)]


def test_what_has_no_room_lies_in_the_drawer_and_comes_back(qtbot: QtBot, field: Field) -> None:
    everything = [part.text() for part in field.parts]
    assert settle(qtbot, field, WIDE) == everything
    high = field.row.height()
    assert settle(qtbot, field, NARROW) == ["First"]
    assert field.row.height() == high
    field.drawer.button.click()
    qtbot.wait(20)
    away = [part.mapTo(field.drawer, QPoint()).y() for part in field.parts[1:]]
    assert away == sorted(away)
    assert all(part.isVisible() for part in field.parts)
    for width in range(NARROW, WIDE, 40):
        settle(qtbot, field, width)
        assert len(field.lines()) == 1
        assert field.row.sizeHint().height() == high
    assert settle(qtbot, field, WIDE) == everything
    left = [part.mapTo(field, QPoint()).x() for part in field.parts]
    assert left == sorted(left)
    assert all(part.isVisible() for part in field.parts)


def test_what_somebody_hid_stays_hidden_and_takes_no_room(qtbot: QtBot, field: Field) -> None:
    second, third = field.parts[1:3]
    second.hide()
    assert settle(qtbot, field, 540) == ["First", "Second", "Third"]
    assert settle(qtbot, field, NARROW) == ["First", "Second"]
    assert settle(qtbot, field, WIDE) == ["First", "Second", "Third", "Fourth"]
    assert not second.isVisible()
    second.show()
    assert settle(qtbot, field, 540) == ["First", "Second"]
    assert second.isVisible()
    assert third.parent() is not field.row


def test_the_last_to_go_is_what_is_kept(qtbot: QtBot, field: Field) -> None:
    assert field.row.minimumSizeHint().width() < NARROW
    assert settle(qtbot, field, 340) == ["First"]


def test_an_explained_control_is_never_a_window(qtbot: QtBot) -> None:
    made = ExplainedControl(QPushButton("Press"), "What it does")
    qtbot.addWidget(made)
    assert not made.isVisible()
