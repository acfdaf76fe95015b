"""Mouse and keyboard in a grid of pictures."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.pictures import picture_grid
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid

LEFT, NO = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def grid(qtbot: QtBot) -> PictureGrid:
    """Six pictures in one row."""
    made = PictureGrid("Six")
    qtbot.addWidget(made)
    made.resize(500, 64)
    made.set_pictures(np.zeros((6, 8, 8, 3), np.uint8))
    made.show()
    assert len({made.tile_rect(k).top() for k in range(6)}) == 1
    return made


@pytest.mark.parametrize("left", [1, 0], ids=["fewer", "none"])
def test_a_picture_that_is_gone_is_not_dragged(
    grid: PictureGrid, monkeypatch: pytest.MonkeyPatch, left: int
) -> None:
    dragged: list[object] = []
    monkeypatch.setattr(picture_grid, "drag_picture", lambda *given: dragged.append(given))
    at = grid.tile_rect(5).center()
    QTest.mousePress(grid.viewport(), LEFT, NO, at)
    grid.set_pictures(np.zeros((left, 8, 8, 3), np.uint8))
    QTest.mouseMove(grid.viewport(), at - QPoint(40, 0))
    QTest.mouseRelease(grid.viewport(), LEFT, NO, at - QPoint(40, 0))
    assert dragged == []


def test_keys_go_to_the_ends_of_a_single_row(grid: PictureGrid) -> None:
    grid.select([2])
    for key, wanted in (
        (Qt.Key.Key_End, 5),
        (Qt.Key.Key_Home, 0),
        (Qt.Key.Key_Down, 0),
        (Qt.Key.Key_Right, 1),
        (Qt.Key.Key_Up, 1),
    ):
        QTest.keyClick(grid, key)
        assert grid.current == wanted, key
