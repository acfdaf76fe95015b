from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.layout.collapsible import CollapsibleHeading


def test_content_grows_while_it_is_seen_and_is_out_of_the_way_else(
    qtbot: QtBot, theme: Theme
) -> None:
    window, content = QWidget(), QWidget()
    rows, column = QVBoxLayout(content), QVBoxLayout(window)
    heading = CollapsibleHeading("Settings", content)
    column.addWidget(heading)
    column.addWidget(content)
    column.addStretch(1)
    rows.addWidget(QLineEdit())
    qtbot.addWidget(window)
    window.resize(200, 400)
    window.show()
    before = content.height()
    rows.addWidget(QLineEdit())
    qtbot.waitUntil(lambda: content.height() == content.sizeHint().height() > before)
    assert heading.focusPolicy() & Qt.FocusPolicy.TabFocus
    assert heading.accessibleName() == "Settings"
    qtbot.keyClick(heading, Qt.Key.Key_Space)
    assert not content.isVisible()
    heading.set_available(False)
    heading.set_available(True)
    assert heading.isVisible()
    assert not content.isVisible()
