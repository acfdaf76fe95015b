from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import State
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.interpolate.mix_view import SLIDER
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.panel_help import WAIT, drop, files, fitted, open_run


@pytest.fixture
def panel(qtbot: QtBot, studio: Studio) -> InterpolatePanel:
    made = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(700, 700)
    return made


@pytest.fixture
def ready(
    qtbot: QtBot, studio: Studio, tiny_run: Path, picture_folder: Path, panel: InterpolatePanel
) -> InterpolatePanel:
    """A panel with two files dropped, at t = 0, where the exact result is a blend of pixels."""
    open_run(qtbot, studio, tiny_run)
    for slot, number in ((panel.a, "01"), (panel.b, "10")):
        with qtbot.waitSignal(slot.fitted_changed, timeout=WAIT):
            assert drop(slot, files(picture_folder / f"{number}.png"))
    panel.time.set_value(0)
    panel.show()
    finished(qtbot, panel)
    return panel


def finished(qtbot: QtBot, panel: InterpolatePanel) -> Pictures:
    qtbot.waitUntil(lambda: not panel.busy and panel.drawn is not None, timeout=WAIT)
    assert panel.drawn is not None
    return panel.drawn.pictures


def redrawn(qtbot: QtBot, panel: InterpolatePanel) -> Pictures:
    qtbot.waitUntil(lambda: panel.busy, timeout=WAIT)
    return finished(qtbot, panel)


def test_without_a_model_it_says_what_to_do(panel: InterpolatePanel) -> None:
    assert panel.pages.currentWidget() is panel.empty


def test_the_first_look_shows_two_different_pictures_of_the_data(
    qtbot: QtBot, studio: Studio, tiny_run: Path, panel: InterpolatePanel
) -> None:
    open_run(qtbot, studio, tiny_run)
    panel.show()
    pictures = finished(qtbot, panel)
    assert pictures.shape == (7, 16, 16, 3)
    assert not np.array_equal(fitted(panel.a), fitted(panel.b))


def test_two_pictures_that_are_set_are_not_asked_for(
    qtbot: QtBot,
    studio: Studio,
    tiny_run: Path,
    pictures: Pictures,
    panel: InterpolatePanel,
) -> None:
    open_run(qtbot, studio, tiny_run)
    words = panel.preview.findChildren(EmptyState)[0]
    assert words.text == "Drop two pictures"
    for slot, picture in zip((panel.a, panel.b), pictures, strict=False):
        with qtbot.waitSignal(slot.fitted_changed, timeout=WAIT):
            slot.set_picture(picture)
        qtbot.waitUntil(lambda slot=slot: slot.fitted is not None, timeout=WAIT)  # type: ignore[misc]
    assert words.text == "Drawing…", "what is missing is not they"


def test_the_row_goes_from_a_to_b_and_the_slider_shows_the_nearest(
    ready: InterpolatePanel,
) -> None:
    assert ready.drawn is not None
    row = ready.drawn.pictures
    assert np.array_equal(row[0], fitted(ready.a))
    assert np.array_equal(row[-1], fitted(ready.b))
    blend = (fitted(ready.a).astype(float) + fitted(ready.b)) / 2
    assert np.abs(row[3] - blend).max() <= 0.5
    for value, index in ((0, 0), (1000, 6), (480, 3)):
        ready.slider.setValue(value)
        assert np.array_equal(ready.preview.picture(0), row[index])
    assert ready.lambda_label.text() == "λ = 0.50"
    ready.grid.select([6])
    assert ready.slider.value() == 1000


def test_swapping_turns_the_row_around(qtbot: QtBot, ready: InterpolatePanel) -> None:
    assert ready.drawn is not None
    before = ready.drawn.pictures
    ready.swap()
    after = redrawn(qtbot, ready)
    assert np.array_equal(after[[0, 6]], before[[6, 0]])
    assert np.abs(after.astype(int) - before[::-1]).max() <= 1, "rounded from the other side"


def test_spherical_and_linear_mixes_differ(qtbot: QtBot, ready: InterpolatePanel) -> None:
    ready.time.set_value(12)
    linear = redrawn(qtbot, ready)
    ready.choices.mix.setCurrentIndex(ready.choices.mix.findData("spherical"))
    spherical = redrawn(qtbot, ready)
    assert np.array_equal(linear[0], spherical[0])
    assert not np.array_equal(linear[3], spherical[3])


def test_the_matrix_has_a_row_for_each_t(qtbot: QtBot, ready: InterpolatePanel) -> None:
    assert ready.drawn is not None
    blend = ready.drawn.pictures
    ready.choices.steps_lambda.setValue(7)
    ready.choices.matrix.setChecked(True)
    pictures = redrawn(qtbot, ready)
    assert ready.rows.shown_ts == [20, 15, 10, 8, 5, 2, 0]
    assert ready.grid.columns == 7
    assert ready.grid.column_labels == ("λ = 0", "0.17", "0.33", "0.5", "0.67", "0.83", "1")
    rows = pictures.reshape(7, 7, 16, 16, 3)
    assert np.array_equal(rows[-1], blend)
    away = [np.abs(row.astype(float) - blend).mean() for row in rows]
    assert away[0] > away[-2] > away[-1] == 0


def test_the_gif_goes_there_and_back(qtbot: QtBot, ready: InterpolatePanel, tmp_path: Path) -> None:
    assert ready.drawn is not None
    path = tmp_path / "way.gif"
    with qtbot.waitSignal(ready.export.saved, timeout=WAIT):
        ready.export.export_to("save_animation", path)
    with Image.open(path) as image:
        frames = [np.asarray(f.convert("RGB"), float) for f in ImageSequence.Iterator(image)]
    zoom = len(frames[0]) // 16
    shown = [frame[::zoom, ::zoom] for frame in frames]
    row = ready.drawn.pictures
    assert len(shown) == 12
    for frame, index in zip(shown, [0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1], strict=True):
        nearest = min(range(7), key=lambda k: float(np.abs(frame - row[k]).mean()))
        assert nearest == index


def test_pictures_can_be_sent_to_either_end(
    qtbot: QtBot, studio: Studio, ready: InterpolatePanel
) -> None:
    picture = np.full((16, 16, 3), 77, np.uint8)
    studio.send_picture("interpolate_b", picture)
    assert np.array_equal(fitted(ready.b), picture)
    assert np.array_equal(redrawn(qtbot, ready)[-1], picture)


def test_taking_a_picture_out_asks_for_another(ready: InterpolatePanel) -> None:
    ready.a.clear()
    assert ready.grid.count == 0
    assert not ready.export.isEnabled()


def test_the_slider_stands_where_the_picture_is_that_is_shown(
    qtbot: QtBot, ready: InterpolatePanel
) -> None:
    ready.slider.setValue(SLIDER // 2)
    ready.choices.steps_lambda.setValue(4)
    row = redrawn(qtbot, ready)
    seen = []
    QTest.keyClick(ready.slider, Qt.Key.Key_Home)
    for _ in range(4):
        seen.append((ready.slider.value() / SLIDER, ready.lambda_label.text()))
        shown = round(ready.slider.value() / SLIDER * 3)
        assert np.array_equal(ready.preview.picture(0), row[shown])
        QTest.keyClick(ready.slider, Qt.Key.Key_Right)
    assert [words for _, words in seen] == ["λ = 0.00", "λ = 0.33", "λ = 0.67", "λ = 1.00"]
    assert np.allclose([place for place, _ in seen], np.linspace(0, 1, 4), atol=1e-3)
    ready.choices.matrix.setChecked(True)
    redrawn(qtbot, ready)
    assert ready.lambda_label.text().startswith("λ = 1.00 · t = ")


def test_four_corners_span_a_square(qtbot: QtBot, ready: InterpolatePanel) -> None:
    ready.choices.steps_lambda.setValue(3)
    redrawn(qtbot, ready)
    a, b = fitted(ready.a), fitted(ready.b)
    ready.choices.corners.setChecked(True)
    square = redrawn(qtbot, ready)
    assert np.array_equal(fitted(ready.a), a), "what was chosen stays"
    corners = np.stack([a, b, fitted(ready.c), fitted(ready.d)])
    assert np.array_equal(square[[0, 2, 6, 8]], corners)
    assert np.abs(square[4] - corners.astype(float).mean(0)).max() <= 0.5
    assert ready.preview.columns == 3
    ready.choices.matrix.setChecked(True)
    assert not ready.choices.corners.isChecked()


@pytest.mark.parametrize("size", [(880, 640), (1100, 700), (1900, 1300)])
def test_corners_leave_the_room_to_the_square_between_them(
    qtbot: QtBot, ready: InterpolatePanel, size: tuple[int, int]
) -> None:
    ready.resize(*size)
    ready.choices.corners.setChecked(True)
    redrawn(qtbot, ready)
    assert ready.preview.width() >= ready.preview.height()
    ready.choices.pad.setChecked(True)
    redrawn(qtbot, ready)
    assert ready.view.a.width() < ready.preview.width()


def test_the_pad_mixes_four_pictures_where_its_point_is(
    qtbot: QtBot, ready: InterpolatePanel
) -> None:
    ready.choices.pad.setChecked(True)
    redrawn(qtbot, ready)
    pad = ready.view.pad
    corners = np.stack([fitted(slot) for slot in ready.view.all_slots]).astype(float)
    for (u, v), corner in (((0, 0), 0), ((1, 0), 1), ((0, 1), 2), ((1, 1), 3)):
        pad.set_point(u, v)
        assert np.array_equal(redrawn(qtbot, ready)[0], corners[corner])
    QTest.keyClick(pad, Qt.Key.Key_Home)
    QTest.keyClick(pad, Qt.Key.Key_Left)
    assert (pad.u, pad.v) == (0.45, 0.5)
    mixed = redrawn(qtbot, ready)
    weights = np.array([0.55, 0.45, 0.55, 0.45]).reshape(4, 1, 1, 1) / 2
    assert np.abs(mixed[0] - (weights * corners).sum(0)).max() <= 0.51
    assert np.array_equal(ready.preview.picture(0), mixed[0])
    assert ready.lambda_label.text() == "u = 0.45, v = 0.50"


def test_dragging_the_point_draws_on_the_way_and_ends_where_it_was_let_go(
    qtbot: QtBot, ready: InterpolatePanel
) -> None:
    ready.choices.pad.setChecked(True)
    redrawn(qtbot, ready)
    pad = ready.view.pad
    started = QSignalSpy(ready.studio.backend.started)
    box = pad.field()
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(pad, left, pos=box.topLeft().toPoint())
    for step in range(20):
        at = box.topLeft() + QPointF(box.width(), box.height()) * step / 19
        drag = QMouseEvent(
            QEvent.Type.MouseMove,
            at,
            pad.mapToGlobal(at),
            left,
            left,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(pad, drag)
        qtbot.wait(20)
    assert started.count() >= 2, "it does not wait for the hand to rest"
    QTest.mouseRelease(pad, left, pos=box.bottomRight().toPoint())
    assert (pad.u, pad.v) == (1, 1)
    assert np.array_equal(finished(qtbot, ready)[0], fitted(ready.d))


def test_a_path_goes_through_its_pictures_plays_and_is_exported(
    qtbot: QtBot, ready: InterpolatePanel, picture_folder: Path, tmp_path: Path
) -> None:
    keys = [np.asarray(Image.open(picture_folder / f"{k:02}.png")) for k in (0, 5, 9)]
    ready.path.set_keys(keys)
    ready.choices.steps_lambda.setValue(4)
    ready.choices.path.setChecked(True)
    way = redrawn(qtbot, ready)
    assert ready.export.isVisible()
    assert len(way) == 7
    assert all(np.array_equal(way[3 * k], key) for k, key in enumerate(keys))
    ready.path.closed.setChecked(True)
    assert len(redrawn(qtbot, ready)) == 9
    shown = ready.path.strip.current
    ready.path.play_button.click()
    qtbot.waitUntil(lambda: ready.path.strip.current != shown, timeout=WAIT)
    ready.path.play_button.click()
    assert not ready.path.playing
    ready.path.select(3)
    assert np.array_equal(ready.path.preview.picture(0), keys[1])
    recipe = ready.path.preview.recipe(0)
    assert recipe is not None
    assert recipe["index"] == 3
    with qtbot.waitSignal(ready.export.saved, timeout=WAIT):
        ready.export.export_to("save_animation", tmp_path / "path.gif")
    assert Image.open(tmp_path / "path.gif").n_frames == 9  # type: ignore[attr-defined]


def test_the_picture_that_is_saved_is_the_one_that_is_shown(
    qtbot: QtBot, ready: InterpolatePanel, tmp_path: Path
) -> None:
    assert ready.drawn is not None
    row = ready.drawn.pictures
    ready.slider.setValue(round(0.7 * SLIDER))
    shown = round(0.7 * (len(row) - 1))
    with qtbot.waitSignal(ready.export.saved, timeout=WAIT):
        ready.export.export_to("save_png", tmp_path / "one.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "one.png")), row[shown])
    assert np.array_equal(ready.preview.picture(0), row[shown])


def test_the_ways_to_mix_stay_where_they_are_whichever_is_chosen(
    qtbot: QtBot, ready: InterpolatePanel
) -> None:
    ready.resize(684, 619)
    places = set()
    for way in ("row", "matrix", "corners", "pad", "path"):
        ready.choices.set_mode(way)
        qtbot.wait(50)
        places.add(ready.choices.mapTo(ready, QPoint(0, 0)).y())
    assert len(places) == 1


def keys(panel: InterpolatePanel) -> list[Pictures]:
    """Return the pictures of the path, fitted to the model, in order."""
    return [slot.fitted for slot in panel.path.slots if slot.fitted is not None]


def test_a_path_begins_with_the_pictures_that_were_mixed(ready: InterpolatePanel) -> None:
    a, b = fitted(ready.a), fitted(ready.b)
    ready.choices.path.setChecked(True)
    assert len(keys(ready)) == 2
    assert np.array_equal(keys(ready)[0], a)
    assert np.array_equal(keys(ready)[1], b)


def test_pictures_join_a_path_at_its_end_and_leave_it_anywhere(
    qtbot: QtBot, studio: Studio, ready: InterpolatePanel, picture_folder: Path
) -> None:
    ready.choices.path.setChecked(True)
    finished(qtbot, ready)
    ready.path.set_keys([])
    assert drop(ready.path.slots[-1], files(picture_folder / "03.png"))
    qtbot.waitUntil(lambda: len(keys(ready)) == 1, timeout=WAIT)
    assert ready.drawn is None
    picture = np.full((16, 16, 3), 77, np.uint8)
    studio.send_picture("interpolate_b", picture)
    assert len(keys(ready)) == 2
    assert len(ready.path.slots) == 3
    first = keys(ready)[0]
    ready.swap()
    assert np.array_equal(keys(ready)[1], first)
    ready.path.slots[0].clear()
    assert len(keys(ready)) == 1
    assert np.array_equal(keys(ready)[0], first)


def test_a_drawing_of_one_way_is_given_up_when_another_way_is_chosen(
    qtbot: QtBot, ready: InterpolatePanel
) -> None:
    ready.draw_now()
    drawing = ready.job
    assert drawing is not None
    ready.choices.set_mode("matrix")
    assert drawing.state is State.CANCELLED
    assert ready.drawn is None
    drawn = finished(qtbot, ready)
    assert len(drawn) == len(ready.rows.ts) * ready.choices.steps_lambda.value()
