"""Mask painted on a picture: an even veil with an edge, not a checkerboard; its strokes."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor


def _canvas(qtbot: QtBot) -> MaskEditor:
    canvas = MaskEditor("Picture and mask")
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    canvas.set_picture(np.zeros((8, 8, 3), np.uint8))
    canvas.show()
    return canvas


def test_a_mask_is_an_even_veil_that_is_seen_on_a_picture_of_its_colour(qtbot: QtBot) -> None:
    canvas = MaskEditor("Picture and mask")
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    accent = QColor(current_theme().color("accent"))
    plain = np.full((8, 8, 3), (accent.red(), accent.green(), accent.blue()), np.uint8)
    canvas.set_picture(plain)
    mask = np.zeros((8, 8), bool)
    mask[:, :4] = True
    canvas.set_mask(mask)
    seen = canvas.grab().toImage()
    side, corner = 20, canvas.picture_rect().topLeft()

    def middle(row: int, column: int) -> str:
        at = corner + QPoint(column * side + side // 2, row * side + side // 2)
        return seen.pixelColor(at).name()

    assert len({middle(row, column) for row in range(8) for column in range(4)}) == 1
    across = {seen.pixelColor(corner.x() + x, corner.y() + 70).name() for x in range(70, 90)}
    assert len(across) > 1, "an edge parts what is painted from the rest"


def test_a_second_button_during_a_stroke_changes_nothing(qtbot: QtBot) -> None:
    canvas = MaskEditor("Picture and mask")
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    canvas.set_picture(np.zeros((8, 8, 3), np.uint8))
    left, right = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
    corner = canvas.picture_rect().topLeft()
    QTest.mousePress(canvas, left, pos=corner + QPoint(30, 30))
    QTest.mousePress(canvas, right, pos=corner + QPoint(30, 30))
    QTest.mouseRelease(canvas, right, pos=corner + QPoint(30, 30))
    QTest.mouseMove(canvas, corner + QPoint(130, 30))
    QTest.mouseRelease(canvas, left, pos=corner + QPoint(130, 30))
    assert canvas.painted.any()
    canvas.undo()
    assert not canvas.painted.any(), "one stroke, one step back"


def test_undo_during_a_stroke_takes_back_that_stroke(qtbot: QtBot) -> None:
    canvas = _canvas(qtbot)
    corner, left = canvas.picture_rect().topLeft(), Qt.MouseButton.LeftButton
    QTest.mouseClick(canvas, left, pos=corner + QPoint(30, 30))
    first = canvas.painted.copy()
    QTest.mousePress(canvas, left, pos=corner + QPoint(130, 130))
    second = canvas.painted.copy()
    assert not np.array_equal(second, first)
    canvas.undo()
    np.testing.assert_array_equal(canvas.painted, first)
    # The button is still down, but its stroke has ended.
    QTest.mouseMove(canvas, corner + QPoint(130, 30))
    QTest.mouseRelease(canvas, left, pos=corner + QPoint(130, 30))
    np.testing.assert_array_equal(canvas.painted, first)
    canvas.redo()
    np.testing.assert_array_equal(canvas.painted, second)
    canvas.undo()
    np.testing.assert_array_equal(canvas.painted, first)
    canvas.undo()
    assert not canvas.painted.any()
    assert not canvas.can_undo


def test_a_mask_that_is_inverted_during_a_stroke_can_be_restored(qtbot: QtBot) -> None:
    canvas = _canvas(qtbot)
    middle, left = canvas.rect().center(), Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, pos=middle)
    stroke = canvas.painted.copy()
    canvas.invert()
    QTest.mouseMove(canvas, middle + QPoint(40, 0))
    QTest.mouseRelease(canvas, left, pos=middle + QPoint(40, 0))
    np.testing.assert_array_equal(canvas.painted, ~stroke)
    canvas.undo()
    np.testing.assert_array_equal(canvas.painted, stroke)
    canvas.undo()
    assert not canvas.painted.any()


def test_a_picture_of_another_size_ends_a_stroke_on_the_one_before(qtbot: QtBot) -> None:
    canvas = MaskEditor("Picture and mask")
    qtbot.addWidget(canvas)
    canvas.resize(160, 160)
    canvas.set_picture(np.zeros((8, 8, 3), np.uint8))
    left, middle = Qt.MouseButton.LeftButton, canvas.rect().center()
    QTest.mousePress(canvas, left, pos=middle)
    canvas.set_picture(np.zeros((4, 4, 3), np.uint8))
    QTest.mouseMove(canvas, middle + QPoint(5, 5))
    QTest.mouseRelease(canvas, left, pos=middle + QPoint(5, 5))
    assert not canvas.painted.any()
    assert not canvas.can_undo, "what was painted had another shape"


def test_a_press_of_the_brush_during_a_pan_paints_nothing(qtbot: QtBot) -> None:
    canvas = _canvas(qtbot)
    canvas.zoom_by(2)
    at, before = canvas.rect().center(), canvas.picture_rect()
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=at)
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseMove(canvas, at + QPoint(10, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=at + QPoint(10, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=at + QPoint(10, 0))
    assert canvas.picture_rect() == before.translated(10, 0)
    assert not canvas.painted.any()
    assert not canvas.can_undo


def test_a_picture_that_is_shown_whole_during_a_pan_stays_in_the_middle(qtbot: QtBot) -> None:
    canvas = _canvas(qtbot)
    fitted, at = canvas.picture_rect(), canvas.rect().center()
    canvas.zoom_by(2)
    QTest.mousePress(canvas, Qt.MouseButton.MiddleButton, pos=at)
    QTest.keyClick(canvas, Qt.Key.Key_0)
    QTest.mouseMove(canvas, at + QPoint(10, 0))
    QTest.mouseRelease(canvas, Qt.MouseButton.MiddleButton, pos=at + QPoint(10, 0))
    assert canvas.picture_rect() == fitted
