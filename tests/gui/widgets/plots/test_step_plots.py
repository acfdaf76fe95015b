from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.theme.theme import Theme
from ddpm_studio.gui.widgets.plots.heat_map import HeatMap, bin_by_step
from ddpm_studio.gui.widgets.plots.sparkline import Sparkline, StepSeries


def _slow_over_steps(steps: np.ndarray, rows: np.ndarray, last: float, columns: int) -> np.ndarray:
    """Reference of ``bin_by_step``: the mean of the ticks that end in a column, or the next."""
    found = np.full((columns, rows.shape[1]), np.nan)
    for column in range(columns):
        low, high = column * last / columns, (column + 1) * last / columns
        inside = [k for k, step in enumerate(steps) if low < step <= high]
        if not inside:
            inside = [k for k, step in enumerate(steps) if step > high][:1]
        for part in range(rows.shape[1]):
            values = [rows[k, part] for k in inside if np.isfinite(rows[k, part])]
            if values:
                found[column, part] = sum(values) / len(values)
    return found


def test_ticks_fall_into_columns_of_equal_steps() -> None:
    random = np.random.default_rng(3)
    steps = np.unique(random.integers(1, 900, 60)).astype(float)
    rows = random.random((len(steps), 4))
    rows[random.random(rows.shape) < 0.4] = np.nan
    for columns in (1, 7, 240):
        assert np.allclose(
            bin_by_step(steps, rows, 900, columns),
            _slow_over_steps(steps, rows, 900, columns),
            equal_nan=True,
        )


def test_the_map_has_time_to_the_right_and_t_upwards(qtbot: QtBot, theme: Theme) -> None:
    heat = HeatMap("Loss by timestep")
    qtbot.addWidget(heat)
    heat.resize(400, 200)
    rows = np.full((4, 2), 0.01)
    rows[3, 0] = 1.0
    heat.set_rows(np.array([25.0, 50, 75, 100]), rows, 1000, 100)
    heat.show()
    image = heat.grab().toImage()
    area = heat.area()
    ratio = image.devicePixelRatio()

    def colour(x: float, y: float) -> QColor:
        place = QPoint(
            int((area.left() + x * area.width()) * ratio),
            int((area.top() + y * area.height()) * ratio),
        )
        return image.pixelColor(place)

    bright = colour(0.95, 0.9)
    assert bright.lightness() > colour(0.5, 0.9).lightness() + 60, "high losses are bright"
    assert colour(0.95, 0.1) == colour(0.5, 0.9), "the upper half, large t, is low all along"
    assert heat.bin_text(99, 0) == "t 1–500 · loss 1.0000"
    assert heat.bin_text(10, 1) == "t 501–1,000 · loss 0.0100"
    assert "0.01" in heat.accessibleDescription()


def test_few_timesteps_make_no_map_coarser(qtbot: QtBot, theme: Theme) -> None:
    heat = HeatMap("Loss by timestep")
    qtbot.addWidget(heat)
    rows = np.full((240, 20), np.nan)
    # T = 4 fills the first, sixth, eleventh and sixteenth of the twenty parts.
    rows[:, ::5] = np.linspace(1, 0.1, 240)[:, None]
    heat.set_rows(np.arange(1.0, 241), rows, 4, 240)
    assert len(heat.map) == 240
    assert np.isfinite(heat.map[:, ::5]).all()


def test_an_empty_map_and_curve_draw(qtbot: QtBot, theme: Theme) -> None:
    heat, curve = HeatMap("Loss by timestep"), Sparkline("Speed", str)
    for field in (heat, curve):
        qtbot.addWidget(field)
        field.show()
        field.grab()
    heat.set_rows(np.empty(0), np.empty((0, 20)), 1000, 0)
    heat.set_rows(np.array([5.0]), np.full((1, 20), np.nan), 1000, 5)
    curve.set_series([StepSeries(0, np.array([1.0, 2]), np.array([np.nan, np.nan]))], 2)
    assert curve.is_empty
    heat.grab()
    curve.grab()


def test_a_curve_is_drawn_where_its_values_are(qtbot: QtBot, theme: Theme) -> None:
    curve = Sparkline("Load", lambda value: f"{value:.0%}", top=1.0)
    qtbot.addWidget(curve)
    curve.resize(300, 120)
    steps = np.arange(1, 50_001.0)
    curve.set_series([StepSeries(1, steps, np.where(steps < 25_000, 0.2, 0.8))], 50_000)
    curve.show()
    image = curve.grab().toImage()
    ratio, area = image.devicePixelRatio(), curve.area()
    ink = QColor(theme.plot_color(1))

    def height(share: float) -> float:
        x = int((area.left() + share * area.width()) * ratio)
        found = [y for y in range(image.height()) if image.pixelColor(x, y) == ink]
        assert found, share
        return 1 - (float(np.mean(found)) / ratio - area.top()) / area.height()

    low, high = curve.range
    assert np.isclose(height(0.25), (0.2 - low) / (high - low), atol=0.03)
    assert np.isclose(height(0.75), (0.8 - low) / (high - low), atol=0.03)
    assert curve.value_at(10) == 0.2
    assert curve.value_at(None) == 0.8


def test_arrow_keys_move_the_cursor(qtbot: QtBot, theme: Theme) -> None:
    curve = Sparkline("Load", str)
    qtbot.addWidget(curve)
    curve.set_series([StepSeries(0, np.array([0.0, 50, 100]), np.array([1.0, 2, 3]))], 100)
    told: list[float | None] = []
    curve.hovered.connect(told.append)
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Escape):
        QTest.keyClick(curve, key)
    assert told == [0, 1, 100, None]
    assert curve.cursor_step is None
