"""Overlays: they stay on top of a widget when its pages are added or turned."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QLineEdit,
    QPushButton,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.reverse.inspector import Inspector
from ddpm_studio.gui.widgets.layout.drawer import Drawer
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar

Lay = Callable[[QWidget], QWidget]


def drawer(over: QWidget) -> QWidget:
    made = Drawer(over, "Settings", "More")
    made.button.setParent(over.parentWidget())
    made.button.click()
    return made


def message(over: QWidget) -> QWidget:
    made = MessageBar()
    made.attach_to(over)
    made.show_warning("Something is the matter")
    return made


def inspector(over: QWidget) -> QWidget:
    made = Inspector(over)
    made.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, False)
    made.show_values("numbers")
    return made


@pytest.fixture
def field(qtbot: QtBot) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(600, 400)
    QVBoxLayout(made)
    return made


def is_on_top(over: QWidget) -> bool:
    under = over.parentWidget()
    assert under is not None
    at = under.childAt(over.mapTo(under, over.rect().center()))
    return at is not None and (at is over or over.isAncestorOf(at))


@pytest.mark.parametrize("lay", [drawer, message, inspector])
def test_a_stack_that_turns_its_page_keeps_what_lies_over_it(field: QWidget, lay: Lay) -> None:
    under = QStackedWidget()
    layout = field.layout()
    assert layout is not None
    layout.addWidget(under)
    for _ in range(2):
        under.addWidget(QWidget())
    field.show()
    over = lay(under)
    assert is_on_top(over)
    under.setCurrentIndex(1)
    assert is_on_top(over)
    under.setCurrentIndex(under.addWidget(QWidget()))
    assert is_on_top(over)


def test_a_stack_without_a_widget_of_its_own_and_a_page_that_comes_later(field: QWidget) -> None:
    under = QWidget()
    layout = field.layout()
    assert layout is not None
    layout.addWidget(under)
    over = message(under)
    pages = QStackedLayout(under)
    for _ in range(2):
        pages.addWidget(QWidget())
    field.show()
    pages.setCurrentIndex(1)
    assert is_on_top(over)


def test_escape_closes_a_drawer_wherever_the_focus_is_beside_it(
    qtbot: QtBot, field: QWidget
) -> None:
    pictures, below = QWidget(), QPushButton("Draw")
    pictures.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    made = Drawer(pictures, "Settings", "More")
    edit = QLineEdit()
    made.add(edit)
    layout = field.layout()
    assert layout is not None
    for part in (pictures, below, made.button):
        layout.addWidget(part)
    field.show()
    for focused in (pictures, below, made.button, edit):
        made.button.setChecked(True)
        QTest.keyClick(focused, Qt.Key.Key_Escape)
        assert not made.isVisible(), focused
        assert not made.button.isChecked()


def test_escape_is_left_alone_while_the_drawer_is_closed(qtbot: QtBot) -> None:
    class Outer(QWidget):
        keys = 0

        def keyPressEvent(self, event: object) -> None:
            self.keys += 1

    outer, pictures = Outer(), QWidget()
    qtbot.addWidget(outer)
    made = Drawer(pictures, "Settings", "More")
    column = QVBoxLayout(outer)
    column.addWidget(pictures)
    column.addWidget(made.button)
    outer.show()
    QTest.keyClick(made.button, Qt.Key.Key_Escape)
    assert outer.keys == 1
    made.button.setChecked(True)
    QTest.keyClick(made.button, Qt.Key.Key_Escape)
    assert outer.keys == 1
