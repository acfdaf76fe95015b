"""The star rating."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.pictures.rating_box import RatingBox


@pytest.mark.parametrize("notch", [120, -120])
def test_scrolling_past_the_stars_changes_none(qtbot: QtBot, notch: int) -> None:
    box = RatingBox(5)
    qtbot.addWidget(box)
    box.setValue(3)
    at = QPointF(box.rect().center())
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, notch),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(box, event)
    assert box.value() == 3
    assert not event.isAccepted(), "the sidebar scrolls"


def test_a_click_and_a_digit_set_it(qtbot: QtBot) -> None:
    box = RatingBox(5)
    qtbot.addWidget(box)
    QTest.mouseClick(box, Qt.MouseButton.LeftButton, pos=box.rect().center())
    assert box.value() == 3
    QTest.keyClick(box, Qt.Key.Key_5)
    assert box.value() == 5
