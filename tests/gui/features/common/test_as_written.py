"""Names given by the user on buttons: an & in them is shown and makes no mnemonic."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.class_badge import ClassBadge
from ddpm_studio.gui.features.gallery.board_bar import BoardBar
from ddpm_studio.gui.widgets.layout.basics import escape_mnemonics


def is_told(button: QToolButton, text: str) -> bool:
    """Whether a button shows a text as written, without the mnemonic that an & would make."""
    return button.text() == escape_mnemonics(text) and button.shortcut().isEmpty()


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such keys")
def test_qt_takes_a_single_ampersand_for_a_key(qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    for text, keys in (("cats &dogs", "Alt+D"), (escape_mnemonics("cats &dogs"), "")):
        button.setText(text)
        assert button.shortcut().toString() == keys


def test_a_board_is_called_as_it_was_named(qtbot: QtBot) -> None:
    bar = BoardBar(QWidget())
    qtbot.addWidget(bar)
    bar.set_boards({"R&D": 2})
    assert is_told(bar.buttons["R&D"], "R&D · 2")


def test_a_class_is_called_as_in_its_set(qtbot: QtBot) -> None:
    slot = QWidget()
    qtbot.addWidget(slot)
    slot.resize(200, 200)
    badge = ClassBadge("A", slot)
    badge.show_class(["salt &pepper"], 0)
    assert is_told(badge, "salt &pepper")
