from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLabel, QMenu
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.requests import SamplerRequest


def test_a_fresh_bar_asks_for_what_the_request_model_takes(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    assert SamplerRequest(**bar.value()) == SamplerRequest(sampler="dpm++2m-sde", steps=25)


def test_what_is_set_is_returned_and_announced_once(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    wanted = SamplerRequest(
        sampler="ddim",
        steps=20,
        eta=0.3,
        seed=2**62,
        clip_x0=False,
        weights="raw",
        variance="fixed_small",
    ).model_dump(exclude={"device", "checkpoint"})
    spy = QSignalSpy(bar.changed)
    bar.set_value(wanted)
    assert bar.value() == wanted
    assert spy.count() == 1


def test_the_die_throws_another_seed_each_time(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    for _ in range(50):
        before = bar.seed.value
        with qtbot.waitSignal(bar.changed):
            QTest.mouseClick(bar.dice, Qt.MouseButton.LeftButton)
        assert bar.seed.value != before


def test_a_seed_is_typed_digit_by_digit_and_letters_are_refused(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.seed.selectAll()
    QTest.keyClicks(bar.seed.lineEdit(), "12a3")
    assert bar.seed.value == 123


def test_steps_stay_within_the_model_and_the_wish_comes_back(qtbot: QtBot) -> None:
    bar = SamplerBar(steps=50)
    qtbot.addWidget(bar)
    bar.set_timesteps(20)
    assert bar.value()["steps"] == 20
    bar.set_timesteps(1000)
    assert bar.value()["steps"] == 50


def test_classes_are_offered_where_the_model_knows_them(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.show()
    assert not bar.guidance.isVisible()
    bar.set_classes(["bag", "boot"])
    assert bar.guidance.isVisible()
    bar.guidance.setValue(3)
    assert bar.value()["guidance"] == 1, "no class, nothing to lead to"
    bar.class_label.setCurrentIndex(2)
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (1, 3)
    bar.set_classes([])
    assert not bar.guidance.isVisible()
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (None, 1)


def test_eta_can_be_changed_for_ddim_alone(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    assert not bar.eta.isEnabled()
    bar.set_value({"sampler": "ddim"})
    assert bar.eta.isEnabled()


def test_the_further_settings_stand_under_headings(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    menu = bar.variance.actions()[0].parent()
    assert isinstance(menu, QMenu)
    menu.popup(bar.mapToGlobal(bar.rect().bottomLeft()))
    shown = [action for action in menu.actions() if not action.isSeparator()]
    for field, group in (("variance", bar.variance), ("precision", bar.precision)):
        place = shown.index(group.actions()[0])
        heading = menu.findChildren(QLabel)[["variance", "precision"].index(field)]
        assert shown[place - 1].text() == heading.text() == SamplerRequest.model_fields[field].title
        assert heading.isVisible()
        assert menu.actionGeometry(shown[place - 1]).contains(heading.geometry())
        assert not shown[place - 1].isEnabled()
    assert not any("_" in action.text() + action.toolTip() for action in shown)
    QTest.keyClick(menu, Qt.Key.Key_Down)
    assert menu.activeAction() is bar.variance.actions()[0]
    menu.close()
