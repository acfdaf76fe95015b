"""Picture slot: its words are whole and its picture is uncovered even in a small slot."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot


def test_the_words_of_a_small_slot_are_whole(qtbot: QtBot, theme: Theme) -> None:
    slot = PictureSlot("Picture", "drop one")
    qtbot.addWidget(slot)
    slot.setFixedSize(64, 64)
    slot.show()
    qtbot.waitExposed(slot)
    for words in slot.findChildren(QLabel):
        if words.text() and words.isVisible():
            needed = max(words.fontMetrics().horizontalAdvance(w) for w in words.text().split())
            assert words.width() >= needed, words.text()


@pytest.mark.parametrize("side", [64, 112])
def test_the_cross_covers_no_small_picture_that_nobody_points_at(qtbot: QtBot, side: int) -> None:
    place, slot, other = QWidget(), PictureSlot("Picture"), QLineEdit()
    qtbot.addWidget(place)
    column = QVBoxLayout(place)
    column.addWidget(other)
    column.addWidget(slot)
    slot.setFixedSize(side, side)
    place.show()
    place.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    slot.set_picture(np.zeros((8, 8, 3), np.uint8))
    assert slot.clear_button.isVisible() == (side == 112)
    slot.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(slot.hasFocus)
    assert slot.clear_button.isVisible()
    other.setFocus()
    assert slot.clear_button.isVisible() == (side == 112)
    slot.clear()
    assert not slot.clear_button.isVisible()
