from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.pins.pin_strip import PinStrip
from ddpm_studio.gui.platform.images import Pictures, picture_mime
from ddpm_studio.gui.widgets.pictures import picture_grid, picture_slot, thumbnails
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.widgets.pictures.picture_slot import PictureSlot
from ddpm_studio.gui.widgets.pictures.thumbnails import Thumbnails
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.panel_help import WAIT, drop, files

PICTURE = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
RECIPE: dict[str, object] = {"kind": "sample", "index": 4}


def strip(qtbot: QtBot, studio: Studio) -> PinStrip:
    made = PinStrip(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(400, 60)
    made.show()
    return made


def test_pins_are_dropped_survive_a_restart_and_go_with_undo(
    qtbot: QtBot, backend: Backend, studio: Studio, picture_folder: Path
) -> None:
    pins = strip(qtbot, studio)
    assert pins.hint.isVisible()
    assert drop(pins, picture_mime(PICTURE, RECIPE))
    assert drop(pins, files(picture_folder / "03.png"))
    qtbot.waitUntil(lambda: pins.thumbnails.count == 2, timeout=WAIT)
    later_studio = Studio(backend)
    later = strip(qtbot, later_studio)
    qtbot.waitUntil(lambda: later.thumbnails.count == 2, timeout=WAIT)
    first = later_studio.pins.items[0]
    assert np.array_equal(first.picture, PICTURE)
    assert first.recipe == RECIPE
    later.thumbnails.setCurrentIndex(later.thumbnails.model().index(0, 0))
    QTest.keyClick(later.thumbnails, Qt.Key.Key_Delete)
    assert later.thumbnails.count == 1
    later_studio.pins.undo()
    assert np.array_equal(later_studio.pins.items[0].picture, PICTURE)
    qtbot.waitUntil(first.path.exists, timeout=WAIT)


def test_the_key_p_pins_a_picture_of_any_grid(qtbot: QtBot, studio: Studio) -> None:
    pins = strip(qtbot, studio)
    grid = PictureGrid()
    qtbot.addWidget(grid)
    PictureMenu(studio, grid)
    grid.set_pictures(np.stack([PICTURE, PICTURE[::-1]]), recipe={"kind": "sample"})
    grid.show()
    qtbot.waitExposed(grid)
    grid.activateWindow()
    grid.setFocus()
    qtbot.waitUntil(grid.hasFocus, timeout=WAIT)
    grid.select([1])
    QTest.keyClick(grid, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: pins.thumbnails.count == 1, timeout=WAIT)
    assert np.array_equal(studio.pins.items[0].picture, PICTURE[::-1])
    assert studio.pins.items[0].recipe == {"kind": "sample", "index": 1}


def _grid() -> tuple[QWidget, QWidget]:
    made = PictureGrid()
    made.set_pictures(PICTURE[None], recipe=RECIPE)
    return made, made.viewport()


def _slot() -> tuple[QWidget, QWidget]:
    made = PictureSlot()
    made.set_picture(PICTURE, RECIPE)
    return made, made


def _thumbnails() -> tuple[QWidget, QWidget]:
    from ddpm_studio.gui.platform.images import PictureDrop

    made = Thumbnails(side=64)
    made.drop_for = lambda _: PictureDrop(PICTURE, RECIPE)
    made.set_rows(["one"])
    return made, made.viewport()


@pytest.mark.parametrize("make", [_grid, _slot, _thumbnails])
def test_every_kind_of_view_lets_its_picture_be_dragged_away(
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[], tuple[QWidget, QWidget]],
) -> None:
    carried: list[tuple[Pictures, object]] = []

    def note(source: QWidget, picture: Pictures, recipe: object) -> None:
        carried.append((picture, recipe))

    for module in (picture_slot, picture_grid, thumbnails):
        monkeypatch.setattr(module, "drag_picture", note)
    view, surface = make()
    qtbot.addWidget(view)
    view.resize(200, 200)
    view.show()
    qtbot.waitExposed(view)
    start = QPoint(30, 30) if isinstance(view, Thumbnails) else surface.rect().center()
    QTest.mousePress(surface, Qt.MouseButton.LeftButton, pos=start)
    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    for step in (5, 15, 30):
        at = QPointF(start + QPoint(step, step))
        move = QMouseEvent(QEvent.Type.MouseMove, at, surface.mapToGlobal(at), left, left, none)
        QApplication.sendEvent(surface, move)
    qtbot.waitUntil(lambda: bool(carried), timeout=WAIT)
    QTest.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=start)
    assert np.array_equal(carried[0][0], PICTURE)
    assert carried[0][1] == RECIPE
