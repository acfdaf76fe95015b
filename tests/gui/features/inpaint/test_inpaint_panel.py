from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.pictures.mask_editor import MaskEditor
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.requests import InpaintRequest
from tests.gui.other_run import other_run
from tests.gui.panel_help import WAIT, drop, files, fitted, open_run
from tests.gui.summaries import STUDENT, view_of

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton


def at(canvas: MaskEditor, x: int, y: int) -> QPoint:
    box = canvas.picture_rect()
    zoom = box.width() // canvas.painted.shape[1]
    return box.topLeft() + QPoint(x * zoom + zoom // 2, y * zoom + zoom // 2)


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path) -> InpaintPanel:
    made = InpaintPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(800, 700)
    open_run(qtbot, studio, tiny_run)
    with qtbot.waitSignal(made.source.fitted_changed, timeout=WAIT):
        assert drop(made.source, files(picture_folder / "04.png"))
    made.show()
    qtbot.waitExposed(made)
    return made


def test_nothing_is_drawn_before_something_is_painted(qtbot: QtBot, panel: InpaintPanel) -> None:
    qtbot.wait(400)
    assert panel.job is None
    assert panel.canvas.painted.shape == (16, 16)


def test_the_first_look_fills_in_the_middle_of_a_picture_by_chance(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    panel = InpaintPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.resize(800, 700)
    open_run(qtbot, studio, tiny_run)
    panel.show()
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    canvas, middle = panel.canvas, np.zeros((16, 16), bool)
    middle[4:12, 4:12] = True
    assert np.array_equal(canvas.painted, middle)
    assert not canvas.can_undo, "nobody has painted it"
    panel.brush.setValue(1)
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 2, 3))
    assert canvas.painted.sum() == 1, "the first own stroke takes its place"
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 9, 9))
    assert canvas.painted.sum() == 2
    panel.actions_["inpaint.undo"].trigger()
    panel.actions_["inpaint.undo"].trigger()
    assert np.array_equal(canvas.painted, middle)


def test_another_run_brings_a_picture_of_its_own(
    qtbot: QtBot, studio: Studio, tiny_run: Path, tmp_path: Path
) -> None:
    panel = InpaintPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    open_run(qtbot, studio, tiny_run)
    panel.show()
    qtbot.waitUntil(lambda: panel.source.fitted is not None, timeout=WAIT)
    panel.hide()
    open_run(qtbot, studio, other_run(tmp_path))
    assert panel.source.fitted is None
    panel.show()
    qtbot.waitUntil(lambda: panel.source.fitted is not None, timeout=WAIT)
    assert not fitted(panel.source)[..., :2].any(), "the other's are blue"
    assert panel.canvas.painted.any()


def test_a_student_has_no_steps_to_jump_over(qtbot: QtBot, studio: Studio, tmp_path: Path) -> None:
    panel = InpaintPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(panel)
    panel.jump.setValue(3)
    enabled = []
    for changes in ({}, STUDENT, {}):
        panel.sampler.follow(view_of(tmp_path, **changes))
        enabled.append(panel.jump.isEnabled())
        if changes == STUDENT:
            # A picture of the student, whose recipe has the jump that is the default.
            inputs = {"picture": np.zeros((16, 16, 3), np.uint8), "mask": np.ones((16, 16), bool)}
            request = InpaintRequest(run=tmp_path)
            studio.restored.emit(ParsedRecipe("inpaint", request, tmp_path, 0, None, "", inputs))
    assert enabled == [True, False, True]
    assert panel.jump.value() == 3, "what had no effect for the student is no choice"


def test_a_picture_that_was_chosen_stays_with_another_run(
    qtbot: QtBot, studio: Studio, panel: InpaintPanel, tmp_path: Path
) -> None:
    chosen = fitted(panel.source)
    with qtbot.waitSignal(panel.source.fitted_changed, timeout=WAIT):
        open_run(qtbot, studio, other_run(tmp_path))
    assert np.array_equal(fitted(panel.source), chosen)


def test_the_hint_says_what_is_missing(panel: InpaintPanel) -> None:
    hint = panel.grid.findChild(EmptyState)
    assert hint is not None
    assert hint.text == "Paint over a part of the picture"
    panel.source.clear()
    assert hint.text == "Drop a picture to paint on"
    panel.pick_random()
    assert panel.source.waiting or panel.source.fitted is not None


def test_only_what_is_painted_is_drawn_anew(qtbot: QtBot, panel: InpaintPanel) -> None:
    panel.brush.setValue(1)
    canvas = panel.canvas
    QTest.mousePress(canvas, LEFT, pos=at(canvas, 2, 3))
    QTest.mouseMove(canvas, at(canvas, 9, 3))
    QTest.mouseRelease(canvas, LEFT, pos=at(canvas, 9, 3))
    expected = np.zeros((16, 16), bool)
    expected[3, 2:10] = True
    assert np.array_equal(canvas.painted, expected), "the whole way of a fast mouse"
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    assert panel.drawn is not None
    pictures = panel.drawn.pictures
    assert pictures.shape == (4, 16, 16, 3)
    changed = (pictures != fitted(panel.source)).any((0, 3))
    assert changed.any()
    assert not changed[~expected].any()
    assert panel.export.isEnabled()


def test_the_right_button_and_the_keyboard(panel: InpaintPanel) -> None:
    panel.brush.setValue(3)
    canvas = panel.canvas
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 5, 5))
    assert canvas.painted.sum() == 9
    QTest.mouseClick(canvas, RIGHT, pos=at(canvas, 5, 5))
    assert not canvas.painted.any()
    canvas.setFocus()
    QTest.keyClick(canvas, Qt.Key.Key_Right)
    QTest.keyClick(canvas, Qt.Key.Key_Space)
    assert canvas.painted[4:7, 5:8].all()
    assert canvas.painted.sum() == 9
    panel.actions_["inpaint.invert"].trigger()
    assert canvas.painted.sum() == 256 - 9
    panel.actions_["inpaint.clear"].trigger()
    assert not canvas.painted.any()


def test_changes_of_the_mask_are_undone_and_done_again(panel: InpaintPanel) -> None:
    canvas, actions = panel.canvas, panel.actions_
    panel.brush.setValue(1)
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 5, 5))
    once = canvas.painted.copy()
    QTest.mouseClick(canvas, LEFT, pos=at(canvas, 5, 5))
    actions["inpaint.clear"].trigger()
    actions["inpaint.undo"].trigger()
    assert np.array_equal(canvas.painted, once), "a click that paints nothing new is no change"
    actions["inpaint.undo"].trigger()
    assert not canvas.painted.any()
    assert not canvas.can_undo
    actions["inpaint.redo"].trigger()
    assert np.array_equal(canvas.painted, once)
    actions["inpaint.redo"].trigger()
    assert not canvas.painted.any()
    assert not canvas.can_redo


def test_a_picture_sent_here_keeps_the_mask(studio: Studio, panel: InpaintPanel) -> None:
    panel.canvas.invert()
    studio.send_picture("inpaint", np.full((16, 16, 3), 9, np.uint8))
    assert (fitted(panel.source) == 9).all()
    assert panel.canvas.painted.all()
