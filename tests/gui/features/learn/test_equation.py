from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView
from ddpm_studio.gui.features.learn.equation import Equation, Symbol
from ddpm_studio.gui.features.learn.linked_highlights import LinkedHighlights

SOURCE = r"\is{bar}{\bar{α}_t} = 1 − \is{beta}{β_t} ∇\log q"
SYMBOLS = [Symbol("bar", "ᾱ_t", "what is left"), Symbol("beta", "β_t", "what is added")]


@pytest.fixture
def equation(qtbot: QtBot) -> Equation:
    made = Equation(SOURCE, "the whole", SYMBOLS)
    qtbot.addWidget(made)
    made.resize(400, made.sizeHint().height())
    made.show()
    qtbot.waitExposed(made)
    return made


def test_the_symbol_below_the_pointer_tells_its_value(qtbot: QtBot, equation: Equation) -> None:
    equation.set_values({"bar": "0.42"})
    assert equation.caption() == "the whole"
    place = equation.symbol_rect("bar").center().toPoint()
    with qtbot.waitSignal(equation.highlighted) as highlighted:
        QTest.mouseMove(equation, place)
    assert highlighted.args == ["bar"]
    assert equation.caption() == "ᾱ_t = 0.42 · what is left"
    with qtbot.waitSignal(equation.highlighted) as highlighted:
        QTest.mouseMove(equation, QPoint(equation.width() - 2, place.y()))
    assert highlighted.args == [""]


def test_the_keyboard_goes_from_symbol_to_symbol(qtbot: QtBot, equation: Equation) -> None:
    equation.set_values({"beta": "0.01"})
    equation.setFocus()
    seen: list[str] = []
    equation.highlighted.connect(seen.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_Escape):
        QTest.keyClick(equation, key)
    assert seen == ["bar", "beta", "bar", ""]
    QTest.keyClick(equation, Qt.Key.Key_End)
    face = QAccessible.queryAccessibleInterface(equation)
    assert face.text(QAccessible.Text.Name) == "the whole"
    assert face.text(QAccessible.Text.Description) == "β_t = 0.01 · what is added"


def test_where_there_is_little_room_the_letters_are_smaller(
    qtbot: QtBot, equation: Equation
) -> None:
    before = equation.piece.width
    equation.resize(equation.minimumSizeHint())
    assert equation.piece.width < before
    assert equation.piece.width <= equation.width()


def test_a_marked_symbol_without_a_meaning_is_a_mistake(qtbot: QtBot) -> None:
    with pytest.raises(ValueError, match="beta"):
        Equation(SOURCE, "the whole", SYMBOLS[:1])


def test_what_belongs_together_lights_up_together(qtbot: QtBot) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    layout = QVBoxLayout(owner)
    first, second = Equation(SOURCE, "one", SYMBOLS), Equation(SOURCE, "two", SYMBOLS)
    box, view = QLineEdit(), CurveView("curves")
    for widget in (first, second, box, view):
        layout.addWidget(widget)
    lights = LinkedHighlights(owner)
    lights.add_equations(first, second)
    lights.add_views(view)
    lights.add("beta", box)
    owner.show()
    with qtbot.waitActive(owner):
        owner.activateWindow()
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_End)
    assert second.highlighted_key == "beta"
    assert lights.highlighted("beta")
    box.setFocus()
    assert first.highlighted_key == "beta", "a control lights its symbol in turn"
    second.setFocus()
    assert first.highlighted_key == ""
    assert not lights.highlighted("beta")


def test_a_curve_is_read_and_its_mark_moved(qtbot: QtBot) -> None:
    import numpy as np

    view = CurveView("β at each t")
    qtbot.addWidget(view)
    view.resize(300, 150)
    t = np.arange(1.0, 101.0)
    view.set_curves([Curve("beta", "βₜ", t, t**2)])
    view.show()
    qtbot.waitExposed(view)
    assert view.focusPolicy() == Qt.FocusPolicy.NoFocus, "nothing to move yet"
    view.set_mark(50)
    assert "2,500" in view.accessibleDescription()
    moved: list[int] = []
    view.moved.connect(moved.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End):
        QTest.keyClick(view, key)
    assert moved == [51, 40, 1, 100]
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 75))
    assert moved[-1] == 1
    assert view.highlight("beta")
    assert not view.highlight("other")


def test_lines_are_broken_before_letters_get_too_small_to_read(qtbot: QtBot) -> None:
    source = r"\is{bar}{a} = bbbbbbbbbbbbbb + \break cccccccccccccc − \break \is{beta}{d}"
    long = Equation(source, "the whole", SYMBOLS, 18)
    qtbot.addWidget(long)
    long.show()
    long.resize(long.sizeHint())
    assert long.font_size == 18
    one_line = long.height()
    long.resize(long.sizeHint().width() * 2 // 3, one_line)
    assert long.font_size >= 15
    assert long.height() > 1.5 * one_line, "no line is cut off"
    for key in ("bar", "beta"):
        assert long.rect().contains(long.symbol_rect(key).toAlignedRect())
    # With more room than needed the letters grow, up to a limit.
    long.resize(5000, one_line)
    assert long.font_size == 25
    assert long.height() < 2 * one_line
