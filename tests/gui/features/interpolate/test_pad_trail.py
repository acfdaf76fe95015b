"""Trail of the mouse over the pad: recorded, played back, exported and kept."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.features.interpolate.pad_trail import resample_trail
from ddpm_studio.gui.shell.main_window import MainWindow
from ddpm_studio.jobs.events import DrawingResult
from ddpm_studio.requests import trail_points
from tests.gui.panel_help import WAIT, fitted, opened


@pytest.fixture
def window(qtbot: QtBot, backend: Backend, tiny_run: Path) -> MainWindow:
    made = opened(qtbot, backend, tiny_run)
    made.resize(1280, 800)
    panel = made.tool(InterpolatePanel)
    panel.sampler.set_value({"steps": 2})
    panel.time.set_value(0)
    made.show_tool(panel)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    panel.choices.pad.setChecked(True)
    qtbot.waitUntil(lambda: panel.drawn is not None and not panel.busy, timeout=WAIT)
    return made


def drag(panel: InterpolatePanel, *way: tuple[float, float]) -> None:
    """Drag over the pad through points (u, v): press at the first, release at the last."""
    pad = panel.view.pad
    box, left = pad.field(), Qt.MouseButton.LeftButton

    def at(u: float, v: float) -> QPointF:
        return QPointF(box.left() + u * box.width(), box.top() + v * box.height())

    QTest.mousePress(pad, left, pos=at(*way[0]).toPoint())
    for position in way[1:]:
        QTest.qWait(20)
        event = QMouseEvent(
            QEvent.Type.MouseMove,
            at(*position),
            pad.mapToGlobal(at(*position)),
            left,
            left,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(pad, event)
    QTest.mouseRelease(pad, left, pos=at(*way[-1]).toPoint())


def recorded(qtbot: QtBot, panel: InterpolatePanel) -> DrawingResult:
    """Record a trail along the upper edge and down the right one, and return its drawing."""
    panel.view.trail.record_button.click()
    drag(panel, (0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1))
    qtbot.waitUntil(
        lambda: panel.drawn is not None and len(panel.drawn.pictures) > 1 and not panel.busy,
        timeout=WAIT,
    )
    assert panel.drawn is not None
    return panel.drawn


def test_a_recorded_way_is_drawn_played_and_kept_as_one(qtbot: QtBot, window: MainWindow) -> None:
    panel, gallery = window.tool(InterpolatePanel), window.tool(GalleryPanel)
    # Nothing that is drawn while recording may be kept.
    before = len(gallery.items)
    drawn = recorded(qtbot, panel)
    trail = panel.view.trail
    points = trail_points(trail.text)
    assert len(drawn.pictures) == len(points)
    # The mouse moves in whole pixels: hence the tolerance.
    assert np.allclose([points[0], points[-1]], [(0, 0), (1, 1)], atol=0.02)
    # At t = 0 these are nearly the pictures of the corners themselves.
    for made, corner in ((drawn.pictures[0], panel.a), (drawn.pictures[-1], panel.d)):
        assert np.abs(made.astype(int) - fitted(corner)).max() <= 0.04 * 255
    assert trail.playing
    first = trail.position
    qtbot.waitUntil(lambda: trail.position != first, timeout=WAIT)
    trail.play_button.click()
    position = trail.position
    qtbot.wait(200)
    assert trail.position == position, "it pauses"
    assert np.array_equal(panel.preview.picture(0), drawn.pictures[trail.position])
    assert len(gallery.items) == before, "a picture at t = 0 went through no network"
    panel.time.set_value(10)
    qtbot.waitUntil(lambda: len(gallery.items) == before + 1, timeout=WAIT)
    assert gallery.items.shown[0].kind == "interpolate"


def test_it_is_exported_as_it_was_recorded(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    panel = window.tool(InterpolatePanel)
    drawn = recorded(qtbot, panel)
    with qtbot.waitSignal(panel.export.saved, timeout=WAIT):
        panel.export.export_to("save_animation", tmp_path / "way.gif")
    with Image.open(tmp_path / "way.gif") as image:
        # Consecutive equal pictures may become one frame of longer duration.
        frames = image.n_frames  # type: ignore[attr-defined]
    assert 2 <= frames <= len(drawn.pictures)
    # Opening the file restores the same trail.
    panel.choices.set_mode("row")
    qtbot.waitUntil(lambda: not panel.busy, timeout=WAIT)
    assert panel.view.trail.text == ""
    window.studio.open_paths([tmp_path / "way.gif"])
    qtbot.waitUntil(lambda: panel.view.trail.text != "" and not panel.busy, timeout=WAIT)
    assert panel.mode == "pad"
    assert panel.drawn is not None
    assert np.array_equal(panel.drawn.pictures, drawn.pictures)


def test_it_stops_where_nobody_looks_and_its_button_says_so(
    qtbot: QtBot, window: MainWindow
) -> None:
    panel = window.tool(InterpolatePanel)
    recorded(qtbot, panel)
    trail = panel.view.trail
    assert trail.playing
    assert trail.play_button.text() == "Pause"
    window.show_tool(window.tool(GalleryPanel))
    qtbot.waitUntil(lambda: not trail.playing, timeout=WAIT)
    assert trail.play_button.text() == "Play"


def test_the_next_move_of_the_point_ends_it(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.tool(InterpolatePanel)
    recorded(qtbot, panel)
    drag(panel, (0.5, 0.5), (0.25, 0.5))
    assert panel.view.trail.text == ""
    assert not panel.view.trail.playing
    assert panel.view.trail.play_button.isHidden()
    qtbot.waitUntil(
        lambda: panel.drawn is not None and len(panel.drawn.pictures) == 1 and not panel.busy,
        timeout=WAIT,
    )


def test_the_pad_fills_the_screen(qtbot: QtBot, window: MainWindow) -> None:
    panel = window.tool(InterpolatePanel)
    QTest.mouseClick(panel.view.full_screen_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(window.isFullScreen)
    window.resize(1920, 1080)
    qtbot.waitUntil(lambda: panel.view.pad.width() > 400)
    assert panel.view.pad.height() > 400
    assert window.menuBar().isHidden()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()


def test_a_way_has_even_times_and_as_many_pictures_as_it_lasts() -> None:
    # Two seconds from left to right; the first half takes one second, noted in three points.
    noted = [(0.0, 0.0, 10.0), (0.25, 0.0, 10.5), (0.5, 0.0, 11.0), (1.0, 0.0, 12.0)]
    points = trail_points(resample_trail(noted))
    assert len(points) == 25
    assert np.allclose([u for u, _ in points], np.linspace(0, 1, 25), atol=1e-4)
    assert {v for _, v in points} == {0.0}
    assert resample_trail([(0.5, 0.5, 1.0)]) == ""
    assert resample_trail([(0.5, 0.5, 1.0), (0.5, 0.5, 4.0)]) == ""
    assert len(trail_points(resample_trail([(0, 0, 0.0), (1, 1, 600.0)]))) == 60
    assert len(trail_points(resample_trail([(0, 0, 0.0), (1, 1, 0.0)]))) == 6
