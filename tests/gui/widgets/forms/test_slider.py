from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.pictures.rating_box import RatingBox
from tests.gui.panel_help import at, opened


@pytest.fixture
def slider(qtbot: QtBot) -> Slider:
    made = Slider()
    qtbot.addWidget(made)
    made.resize(300, 24)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("lowest", [-300, 0, 40])
def test_a_click_goes_there(slider: Slider, share: float, lowest: int) -> None:
    slider.setRange(lowest, lowest + 100)
    slider.setValue(lowest + 40)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=at(slider, share))
    assert slider.value() == pytest.approx(lowest + 100 * share, abs=1)


def test_with_few_values_a_click_takes_the_nearest_and_a_drag_the_next(slider: Slider) -> None:
    left = Qt.MouseButton.LeftButton
    slider.setRange(0, 3)
    QTest.mousePress(slider, left, pos=at(slider, 0.6))
    assert slider.value() == 2
    QTest.mouseMove(slider, at(slider, 1.0))
    assert slider.value() == 3
    QTest.mouseRelease(slider, left, pos=at(slider, 1.0))
    assert slider.value() == 3


def test_who_listens_knows_that_it_is_held(slider: Slider) -> None:
    told: list[tuple[str, bool]] = []
    slider.setRange(0, 1000)
    slider.sliderPressed.connect(lambda: told.append(("pressed", slider.isSliderDown())))
    slider.valueChanged.connect(lambda: told.append(("changed", slider.isSliderDown())))
    slider.sliderReleased.connect(lambda: told.append(("released", slider.isSliderDown())))
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.5))
    assert told == [("pressed", True), ("changed", True), ("released", False)]


def test_other_buttons_and_a_single_value_change_nothing(slider: Slider) -> None:
    slider.setRange(0, 1000)
    QTest.mouseClick(slider, Qt.MouseButton.RightButton, pos=at(slider, 0.5))
    assert slider.value() == 0
    slider.setRange(0, 0)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=at(slider, 0.5))
    assert slider.value() == 0
    assert not slider.isSliderDown()


def test_every_slider_of_the_window_goes_where_one_clicks(qtbot: QtBot, backend: Backend) -> None:
    window = opened(qtbot, backend)
    sliders = [found for found in window.findChildren(QSlider) if not isinstance(found, RatingBox)]
    assert len(sliders) > 5
    assert all(isinstance(found, Slider) for found in sliders)
