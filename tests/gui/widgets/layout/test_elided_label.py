from __future__ import annotations

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.basics import ElidedLabel

TEXT = "a run with a name that is longer than the dock"


def test_narrow_and_wide_again(qtbot: QtBot) -> None:
    window, label = QWidget(), ElidedLabel(TEXT)
    row = QHBoxLayout(window)
    row.addWidget(label)
    row.addStretch(1)
    qtbot.addWidget(window)
    window.resize(600, 40)
    window.show()
    wide = label.width()
    label.grab()
    assert label.toolTip() == ""
    window.resize(120, 40)
    label.grab()
    assert label.width() <= 120
    assert label.toolTip() == TEXT
    said = QAccessible.queryAccessibleInterface(label)
    assert said is not None
    assert said.text(QAccessible.Text.Name) == TEXT
    window.resize(600, 40)
    label.grab()
    assert label.width() == wide
    assert label.toolTip() == ""


def test_names_are_no_markup(qtbot: QtBot) -> None:
    label, plain = ElidedLabel("<b>x</b>"), ElidedLabel("bxb")
    qtbot.addWidget(label)
    qtbot.addWidget(plain)
    assert label.sizeHint().width() > plain.sizeHint().width()
