from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.layout.scroll_areas import FillingScrollArea


class _Growing(QWidget):
    """Widget as high as it is wide, like an equation whose letters grow with its width."""

    turns = 0

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.turns += 1
        self.setFixedHeight(self.width())


def test_what_fits_only_beside_the_bar_comes_to_rest(qtbot: QtBot) -> None:
    content, growing = QWidget(), _Growing()
    column = QVBoxLayout(content)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(growing)
    area = FillingScrollArea(content, "Tool")
    qtbot.addWidget(area)
    area.resize(400, 395)
    area.show()
    for _ in range(50):
        before = growing.turns
        qtbot.wait(100)
        if growing.turns == before:
            break
    assert growing.turns == before, "it comes and goes for ever"
    assert area.verticalScrollBar().maximum() == 0
    area.resize(400, 420)
    qtbot.wait(50)
    assert growing.width() == 400, "where there is room, no place is kept for the bar"
