from __future__ import annotations

from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.forms.combo_boxes import ElidedComboBox


def seen(qtbot: QtBot, placeholder: str, chosen: int) -> QImage:
    box = ElidedComboBox()
    qtbot.addWidget(box)
    box.addItem("Markov chain")
    box.setPlaceholderText(placeholder)
    box.setCurrentIndex(chosen)
    box.resize(240, 32)
    return box.grab().toImage()


def test_while_nothing_is_chosen_it_says_what_for(qtbot: QtBot) -> None:
    assert seen(qtbot, "Concepts", -1) != seen(qtbot, "", -1)
    assert seen(qtbot, "Concepts", 0) == seen(qtbot, "", 0)
