"""Request form: a field that depends on another one is enabled with it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox, IntBox
from ddpm_studio.requests import TrainRequest


def test_what_means_something_only_with_another_field_follows_it(qtbot: QtBot) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    assert form.editor("label_dropout").isEnabled(), "there may be classes"
    assert "Only with “Classes”." in form.editor("label_dropout").toolTip()
    classes = form.editor("class_conditional")
    assert isinstance(classes, QComboBox)
    assert [classes.itemText(k) for k in range(3)] == ["if labelled", "yes", "no"]
    for index, enabled in ((2, False), (1, True), (0, True)):
        classes.setCurrentIndex(index)
        assert form.editor("label_dropout").isEnabled() == enabled
        assert form.values()["class_conditional"] == (None, True, False)[index]
    form.set_value({"class_conditional": False})
    assert not form.editor("label_dropout").isEnabled()
    form.set_value({"label_dropout": 0.3})
    assert form.values()["label_dropout"] == 0.3, "it is kept, whatever can be edited"


@pytest.mark.parametrize("key", ["epochs", "minutes"])
def test_an_arrow_in_an_empty_field_sets_an_ordinary_number(qtbot: QtBot, key: str) -> None:
    form = RequestForm(TrainRequest)
    qtbot.addWidget(form)
    box = form.editor(key)
    assert isinstance(box, FloatBox)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert (box.text(), form.values()[key]) == ("by steps", None)
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert (box.text(), form.values()[key]) == ("1", 1.0)
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert form.values()[key] == 1.1
    QTest.keyClick(box, Qt.Key.Key_PageDown)
    assert form.values()[key] == 1.0
    for number in (1.0, 0.5):
        box.set_number(number)
        QTest.keyClick(box, Qt.Key.Key_Down)
        assert form.values()[key] is None, number
    box.set_number(0.5)
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert 0.5 < form.values()[key] < 1, "a smaller one can be typed, and raised"
    box.clear()
    assert form.values()[key] is None
    QTest.keyClick(box, Qt.Key.Key_PageUp)
    assert form.values()[key] == 1.0


@pytest.mark.parametrize("make", [FloatBox, IntBox])
def test_arrows_pass_from_the_lowest_number_to_the_empty_box_and_back(
    qtbot: QtBot, make: type[FloatBox | IntBox]
) -> None:
    box = FloatBox(0.0, 2.0, 0.5, "auto") if make is FloatBox else IntBox(0, 4, "auto")
    qtbot.addWidget(box)
    box.set_number(1)
    seen = [box.number()]
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Up):
        QTest.keyClick(box, key)
        seen.append(box.number())
        assert box.text() == ("auto" if seen[-1] is None else f"{seen[-1]:g}")
    assert seen == ([1, 0.5, 0, None, 0, 0.5] if make is FloatBox else [1, 0, None, None, 0, 1])


def test_an_arrow_below_a_step_stops_at_the_lowest_number(qtbot: QtBot) -> None:
    box = FloatBox(0.1, 1.0, 0.25, "auto")
    qtbot.addWidget(box)
    box.set_number(0.2)
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert (box.number(), box.text()) == (0.1, "0.1")
