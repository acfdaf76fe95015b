"""Zooming pictures: the wheel zooms, a drag pans, a double click shows all again."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.widgets.pictures.pixel_inspector import PixelInspectorGrid
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.widgets.pictures.zooming import WheelAccumulator, next_zoom

LEFT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton
NO, CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def wheel(
    widget: QWidget, at: QPoint, notches: int = 1, keys: Qt.KeyboardModifier = NO
) -> QWheelEvent:
    event = QWheelEvent(
        QPointF(at),
        QPointF(widget.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)
    return event


def drag(widget: QWidget, start: QPoint, end: QPoint, button: Qt.MouseButton = LEFT) -> None:
    QTest.mousePress(widget, button, NO, start)
    for part in (1, 2, 3, 4):
        QTest.mouseMove(widget, start + (end - start) * part / 4)
    QTest.mouseRelease(widget, button, NO, end)


def double_click(widget: QWidget, button: Qt.MouseButton, at: QPoint) -> None:
    QTest.mouseDClick(widget, button, NO, at)
    # Else Qt takes the button as pressed in every later move of the mouse.
    QTest.mouseRelease(widget, button, NO, at)


@pytest.fixture
def grid(qtbot: QtBot) -> PixelInspectorGrid:
    """A grid of four 8-px pictures, 300 × 300 px large."""
    made = PixelInspectorGrid("Four")
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.set_pictures(np.arange(4 * 8 * 8 * 3, dtype=np.uint8).reshape(4, 8, 8, 3))
    made.show()
    return made


def test_small_pictures_are_enlarged_by_whole_factors_and_large_ones_smoothly() -> None:
    zoom, seen = 1.0, []
    while zoom < 64:
        zoom = next_zoom(zoom, 1, 128)
        seen.append(zoom)
    assert all(zoom == int(zoom) for zoom in seen)
    assert seen == sorted(set(seen))
    assert next_zoom(64.0, 1, 128) == 64.0
    back = [next_zoom(zoom, -1, 128) for zoom in seen]
    assert all(zoom == int(zoom) for zoom in back)
    assert next_zoom(0.5, 1, 64) == pytest.approx(0.625), "below 1 there are no whole factors"
    assert next_zoom(1.0, 1, 129) == pytest.approx(1.25)
    assert next_zoom(1.0, 2, 512) == pytest.approx(1.25**2)


def test_small_turns_of_a_touchpad_add_up() -> None:
    notches = WheelAccumulator()
    assert [notches.add(50) for _ in range(5)] == [0, 0, 1, 0, 1]
    assert notches.add(-60) == 0
    assert notches.add(-60) == -1


@pytest.mark.parametrize("at", [QPoint(60, 60), QPoint(100, 220), QPoint(231, 77)])
def test_the_wheel_zooms_about_the_pointer(grid: PixelInspectorGrid, at: QPoint) -> None:
    before, fitted = grid.pixel_at(at), grid.zoom
    assert before is not None
    for _ in range(4):
        wheel(grid.viewport(), at)
        assert grid.pixel_at(at) == before
    assert grid.zoom > 2 * fitted
    assert grid.zoom == int(grid.zoom)
    wheel(grid.viewport(), at, -20)
    assert grid.zoom == fitted
    assert not wheel(grid.viewport(), at, -1).isAccepted(), "what is around may scroll then"


def test_a_drag_pans_what_is_looked_at_closer_and_a_double_click_shows_all(
    grid: PixelInspectorGrid,
) -> None:
    at = QPoint(150, 150)
    fitted = [grid.tile_rect(k) for k in range(4)]
    wheel(grid.viewport(), at, 6)
    before = grid.tile_rect(0)
    drag(grid.viewport(), QPoint(200, 200), QPoint(140, 170))
    assert grid.tile_rect(0).topLeft() - before.topLeft() == QPoint(-60, -30)
    drag(grid.viewport(), QPoint(140, 170), QPoint(200, 200), MIDDLE)
    assert grid.tile_rect(0) == before
    double_click(grid.viewport(), LEFT, at)
    assert [grid.tile_rect(k) for k in range(4)] == fitted


def test_keys_do_the_same(grid: PixelInspectorGrid) -> None:
    fitted = grid.zoom
    QTest.keyClick(grid, Qt.Key.Key_Plus)
    assert grid.zoom > fitted
    QTest.keyClick(grid, Qt.Key.Key_Minus)
    assert grid.zoom == fitted
    QTest.keyClick(grid, Qt.Key.Key_Plus)
    QTest.keyClick(grid, Qt.Key.Key_0)
    assert grid.zoom == fitted


def test_what_is_looked_at_stays_while_pictures_change_and_goes_with_their_shape(
    grid: PixelInspectorGrid,
) -> None:
    wheel(grid.viewport(), QPoint(150, 150), 5)
    view_state = grid.view_state
    grid.set_pictures(np.zeros((4, 8, 8, 3), np.uint8))
    assert grid.view_state == view_state
    grid.set_pictures(np.zeros((9, 8, 8, 3), np.uint8))
    assert grid.view_state.zoom is None


def test_where_there_is_more_below_the_wheel_scrolls_and_zooms_with_ctrl(qtbot: QtBot) -> None:
    grid = PictureGrid("Many")
    qtbot.addWidget(grid)
    grid.resize(120, 100)
    grid.set_pictures(np.zeros((60, 8, 8, 3), np.uint8))
    grid.show()
    fitted, bar = grid.zoom, grid.verticalScrollBar()
    wheel(grid.viewport(), QPoint(50, 50), -1)
    assert bar.value() > 0
    assert grid.zoom == fitted
    wheel(grid.viewport(), QPoint(50, 50), 1, CTRL)
    assert grid.zoom > fitted


def test_what_lies_in_a_scrolled_panel_leaves_the_wheel_to_it(qtbot: QtBot) -> None:
    grid = PictureGrid("In a dock")
    qtbot.addWidget(grid)
    grid.zoomable = False
    grid.resize(120, 100)
    grid.set_pictures(np.zeros((4, 8, 8, 3), np.uint8))
    grid.show()
    fitted = grid.zoom
    assert not wheel(grid.viewport(), QPoint(50, 50)).isAccepted()
    assert grid.zoom == fitted


def test_labels_stay_left_of_their_rows(qtbot: QtBot) -> None:
    grid = RowGrid("Rows")
    qtbot.addWidget(grid)
    grid.resize(300, 200)
    grid.set_rows(np.zeros((6, 8, 8, 3), np.uint8), ["t = 1,000", "t = 0"])
    grid.show()
    left = grid.tile_rect(0).left()
    wheel(grid.viewport(), QPoint(0, 0), 8)
    grid.set_view_state(grid.view_state._replace(right=0, down=0))
    assert grid.zoom > 20
    assert 40 < grid.tile_rect(0).left() <= left


@pytest.fixture
def mask(qtbot: QtBot) -> MaskEditor:
    made = MaskEditor("Mask")
    qtbot.addWidget(made)
    made.resize(200, 200)
    made.set_picture(np.zeros((8, 8, 3), np.uint8))
    made.show()
    return made


def test_one_paints_where_the_pointer_is_however_close_one_looks(mask: MaskEditor) -> None:
    mask.brush = 1
    at = QPoint(60, 130)
    QTest.mouseClick(mask, LEFT, NO, at)
    ((row, column),) = np.argwhere(mask.painted)
    mask.clear()
    for _ in range(5):
        wheel(mask, at)
    assert mask.picture_rect().width() > 2 * mask.width()
    QTest.mouseClick(mask, LEFT, NO, at)
    assert np.argwhere(mask.painted).tolist() == [[row, column]]


def test_the_mask_is_panned_with_the_middle_button_and_fitted_again(mask: MaskEditor) -> None:
    fitted = mask.picture_rect()
    wheel(mask, QPoint(100, 100), 5)
    before = mask.picture_rect().topLeft()
    drag(mask, QPoint(100, 100), QPoint(130, 90), MIDDLE)
    assert mask.picture_rect().topLeft() - before == QPoint(30, -10)
    assert not mask.painted.any()
    double_click(mask, MIDDLE, QPoint(100, 100))
    assert mask.picture_rect() == fitted


def test_a_large_picture_fills_the_room_of_the_mask(mask: MaskEditor) -> None:
    mask.set_picture(np.zeros((256, 256, 3), np.uint8))
    assert mask.picture_rect().size() == mask.size()
    mask.brush = 1
    QTest.mouseClick(mask, LEFT, NO, QPoint(199, 100))
    ((row, column),) = np.argwhere(mask.painted)
    assert (row, column) == (128, 254)
