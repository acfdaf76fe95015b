from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QLabel, QMenu, QWidget
from pytestqt.qtbot import QtBot

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.requests import SamplerRequest
from tests.gui.summaries import STUDENT, view_of


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
            QTest.mouseClick(bar.new_seed_button, Qt.MouseButton.LeftButton)
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
    bar.classes.set_classes(["bag", "boot"])
    assert bar.guidance.isVisible()
    bar.guidance.setValue(3)
    assert bar.value()["guidance"] == 1, "no class, nothing to lead to"
    bar.class_label.setCurrentIndex(2)
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (1, 3)
    bar.classes.set_classes([])
    assert not bar.guidance.isVisible()
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (None, 1)


def test_a_model_without_no_class_is_neither_guided_nor_asked_without(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.set_value({"guidance": 3.0})
    bar.classes.set_classes(["bag", "boot"], any_class=False, guidable=False)
    assert not bar.guidance.isEnabled()
    assert [bar.class_label.itemText(k) for k in range(2)] == ["bag", "boot"]
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (0, 1)
    bar.classes.set_classes(["bag", "boot"])
    assert (bar.value()["class_label"], bar.value()["guidance"]) == (None, 1)
    bar.set_value({"class_label": 1})
    assert bar.value()["guidance"] == 3


def test_a_model_of_classes_alone_takes_the_class_of_the_picture(qtbot: QtBot) -> None:
    bar = SamplerBar(offer_picture_classes=True)
    qtbot.addWidget(bar)
    bar.classes.set_classes(["bag", "boot"], any_class=False, guidable=False)
    offered = [bar.class_label.itemText(k) for k in range(bar.class_label.count())]
    assert offered == ["the picture's, else bag", "bag", "boot"]
    for of_pictures, label, labels in (
        ([], 0, None),
        ([None], 0, None),
        ([1], 1, None),
        ([1, None], None, (1, 0)),
        ([1, 1], 1, None),
    ):
        bar.classes.set_pictures(of_pictures)
        fields = bar.value()
        assert (fields["class_label"], fields.get("class_labels")) == (label, labels)
        assert fields["guidance"] == 1


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


def test_a_length_of_the_ema_is_offered_where_there_are_snapshots(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.show()
    bar.follow(_view(has_averages=False))
    assert not bar.ema_length.isVisible()
    bar.ema_length.set_number(0.1)
    assert "ema_length" not in bar.value(), "this run has nothing to make one from"
    bar.follow(_view(has_averages=True))
    assert bar.ema_length.isVisible()
    assert SamplerRequest(**bar.value()).ema_length == 0.1
    bar.set_value({"weights": "raw"})
    assert not bar.ema_length.isEnabled(), "raw weights are no average"
    assert SamplerRequest(**bar.value()).ema_length is None
    bar.set_value({"weights": "ema"})
    assert bar.ema_length.text() == "as trained"
    assert SamplerRequest(**bar.value()).ema_length is None
    with qtbot.waitSignal(bar.changed):
        bar.ema_length.stepBy(1)
    assert SamplerRequest(**bar.value()).ema_length == 0.01
    bar.ema_length.setValue(99)
    assert SamplerRequest(**bar.value()).ema_length == 0.25


def test_guidance_is_rescaled_where_there_is_guidance(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.classes.set_classes(["bag", "boot"])
    bar.rescale.setValue(0.7)
    for class_label, guidance in ((None, 3.0), (1, 1.0), (1, 0.0)):
        bar.set_value({"class_label": class_label})
        bar.guidance.setValue(guidance)
        assert not bar.rescale.isEnabled()
        assert SamplerRequest(**bar.value()).guidance_rescale == 0
    bar.guidance.setValue(3)
    assert bar.rescale.isEnabled()
    assert SamplerRequest(**bar.value()).guidance_rescale == 0.7
    bar.set_value({"class_label": 1, "guidance": 3.0})
    assert SamplerRequest(**bar.value()).guidance_rescale == 0, "as a request without it"


def test_a_respacing_takes_the_place_of_steps(qtbot: QtBot) -> None:
    bar = SamplerBar(steps=40)
    qtbot.addWidget(bar)
    bar.show()
    with qtbot.waitSignal(bar.changed):
        bar.respace.trigger()
    assert (bar.steps.isVisible(), bar.respacing.isVisible()) == (False, True)
    assert SamplerRequest(**bar.value()).respacing == "40"
    bar.respacing.selectAll()
    spy = QSignalSpy(bar.changed)
    QTest.keyClicks(bar.respacing, "ddim")
    QTest.keyClick(bar.respacing, Qt.Key.Key_Return)
    assert bar.respacing.property("invalid") == "true"
    assert "ddim50" in bar.respacing.toolTip()
    assert spy.count() == 0
    assert SamplerRequest(**bar.value()).respacing == "40", "what is none changes nothing"
    QTest.keyClicks(bar.respacing, "25")
    assert bar.respacing.property("invalid") == "false"
    QTest.keyClick(bar.respacing, Qt.Key.Key_Return)
    asked = SamplerRequest(**bar.value())
    assert (asked.respacing, asked.steps) == ("ddim25", None)
    assert (spy.count(), bar.number_of_steps) == (1, 25)
    assert bar.summary.endswith("· ddim25")
    bar.respace.trigger()
    asked = SamplerRequest(**bar.value())
    assert (asked.respacing, asked.steps) == (None, 40)
    assert bar.steps.isVisible()


def test_a_request_with_all_of_it_comes_back_as_it_was(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    bar.classes.set_classes(["bag", "boot"])
    bar.follow(_view(has_averages=True, known_classes=("bag", "boot")))
    full = SamplerRequest(
        sampler="edm-churn",
        sampler_options={"s_churn": 10.0},
        respacing="10,15,20",
        ema_length=0.13,
        class_label=1,
        guidance=4.0,
        guidance_rescale=0.5,
    )
    plain = SamplerRequest(sampler="ddim", steps=20, class_label=1, guidance=4.0)
    for wanted in (full, plain, full):
        spy = QSignalSpy(bar.changed)
        bar.set_value(wanted.model_dump())
        assert SamplerRequest(**bar.value()) == wanted
        assert spy.count() == 1


def test_a_brief_bar_leaves_out_what_only_the_bar_beside_it_asks_for(qtbot: QtBot) -> None:
    first, brief = SamplerBar(), SamplerBar(sampler="ddim", steps=9, brief=True)
    for bar in (first, brief):
        qtbot.addWidget(bar)
    first.set_value(
        {"sampler": "edm-churn", "sampler_options": {"s_churn": 9.0}, "steps": None}
        | {"respacing": "ddim20"}
    )
    asked = SamplerRequest(**first.value() | brief.value())
    assert (asked.sampler, asked.steps) == ("ddim", 9)
    assert (asked.respacing, asked.sampler_options) == (None, {})


def test_filling_in_has_no_respacing(qtbot: QtBot) -> None:
    bar = SamplerBar(fixed=True)
    qtbot.addWidget(bar)
    menu = bar.variance.actions()[0].parent()
    assert isinstance(menu, QMenu)
    assert bar.respace not in menu.actions()


def _view(has_averages: bool, known_classes: tuple[str, ...] = ()) -> RunView:
    view = view_of(Path("run"), timesteps=1000, known_classes=known_classes)
    return replace(view, has_averages=has_averages)


def test_a_part_of_the_timesteps_is_not_called_exact(qtbot: QtBot) -> None:
    bar, content = SamplerBar(), QLabel()
    for widget in (bar, content):
        qtbot.addWidget(widget)
    drawer = SamplerDrawer(content, bar)
    drawer.exact.click()
    assert drawer.exact.isChecked()
    bar.set_value({"steps": None, "respacing": "ddim50"})
    assert not drawer.exact.isChecked()


def test_another_student_draws_in_its_own_steps_and_what_was_chosen_before_comes_back(
    qtbot: QtBot, tmp_path: Path
) -> None:
    bar = SamplerBar(steps=50)
    qtbot.addWidget(bar)
    bar.follow(view_of(tmp_path, **STUDENT))
    assert (bar.value()["sampler"], bar.value()["steps"]) == ("consistency", 2)
    bar.follow(view_of(tmp_path, **STUDENT | {"sampler_steps": 4}))
    assert bar.value()["steps"] == 4
    bar.steps.setValue(3)
    bar.follow(view_of(tmp_path, **STUDENT | {"sampler_steps": 4}))
    assert bar.value()["steps"] == 3, "read again, it is the same one"
    bar.follow(view_of(tmp_path))
    # 50 steps are limited to T = 20.
    assert (bar.value()["sampler"], bar.value()["steps"]) == ("dpm++2m-sde", 20)
    bar.follow(view_of(tmp_path, timesteps=1000))
    assert bar.value()["steps"] == 50


def test_a_student_of_fewer_timesteps_leaves_the_wish_for_more(
    qtbot: QtBot, tmp_path: Path
) -> None:
    bar = SamplerBar(steps=50)
    qtbot.addWidget(bar)
    bar.follow(view_of(tmp_path, timesteps=1000))
    bar.follow(view_of(tmp_path, **STUDENT))
    assert bar.value()["steps"] == 2
    bar.follow(view_of(tmp_path, timesteps=1000))
    assert bar.value()["steps"] == 50


def test_a_student_of_one_step_takes_two_where_several_begin_with_the_same(
    qtbot: QtBot, tmp_path: Path
) -> None:
    steps = []
    for several in (False, True):
        bar = SamplerBar(several=several)
        qtbot.addWidget(bar)
        bar.follow(view_of(tmp_path, **STUDENT | {"sampler_steps": 1}))
        steps.append(bar.value()["steps"])
    assert steps == [1, 2]


def test_the_drawer_follows_a_student_at_once(qtbot: QtBot, tmp_path: Path) -> None:
    owner = QWidget()
    qtbot.addWidget(owner)
    bar = SamplerBar(without_layout=True)
    drawer = SamplerDrawer(owner, bar)
    assert drawer.fast.isEnabled()
    bar.follow(view_of(tmp_path, **STUDENT))
    assert not drawer.fast.isEnabled(), "its samplers do not go with a student"
    assert not drawer.exact.isEnabled()
    assert bar.summary in drawer.button.toolTip()
    bar.follow(view_of(tmp_path))
    assert drawer.fast.isEnabled()


def test_clipping_goes_with_the_model_until_it_is_chosen(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    asked = []
    for clips in (False, True, False):
        bar.follow(view_of(Path("/run"), clip_x0=clips))
        asked.append(bar.value()["clip_x0"])
    assert asked == [False, True, False]
    bar.clip.trigger()
    bar.follow(view_of(Path("/run"), clip_x0=True))
    bar.clip.trigger()
    for clips in (True, False):
        bar.follow(view_of(Path("/run"), clip_x0=clips))
        assert bar.value()["clip_x0"] is False


def test_a_fixed_variance_goes_with_the_model_until_it_is_chosen(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    asked = []
    for variance in ("fixed_small", "fixed_large", None, "fixed_small"):
        bar.follow(view_of(Path("/run"), variance=variance))
        asked.append((bar.value().get("variance"), bar.variance.isEnabled()))
    assert asked == [
        ("fixed_small", True),
        ("fixed_large", True),
        # It has learned its variance.
        (None, False),
        ("fixed_small", True),
    ]
    (large,) = (action for action in bar.variance.actions() if action.data() == "fixed_large")
    large.trigger()
    for variance in ("fixed_small", None, "fixed_small"):
        bar.follow(view_of(Path("/run"), variance=variance))
        assert bar.value().get("variance") == (None if variance is None else "fixed_large")


def test_what_has_no_effect_in_a_recipe_is_no_choice_for_the_next_model(qtbot: QtBot) -> None:
    bar = SamplerBar()
    qtbot.addWidget(bar)
    classes = {"known_classes": ("a", "b")}
    bar.follow(view_of(Path("/run"), variance="fixed_small", guidable=True, **classes))
    bar.guidance.setValue(3)
    bar.follow(view_of(Path("/run"), variance=None, guidable=False, **classes))
    bar.set_value({"seed": 5, "variance": "fixed_large", "guidance": 1.0})
    bar.follow(view_of(Path("/run"), variance="fixed_small", guidable=True, **classes))
    assert bar.value()["seed"] == 5
    assert bar.value()["variance"] == "fixed_small"
    assert bar.guidance.value() == 3


def test_the_box_of_classes_has_room_for_those_of_the_model(qtbot: QtBot) -> None:
    bar = SamplerBar(offer_picture_classes=True)
    qtbot.addWidget(bar)
    bar.show()
    box = bar.class_label
    bar.follow(view_of(Path("/run"), known_classes=("a", "b")))
    narrow = box.sizeHint().width()
    bar.follow(view_of(Path("/run"), known_classes=("shopping bag", "b"), needs_class=True))
    longest = box.fontMetrics().horizontalAdvance("the picture's, else shopping bag")
    assert box.sizeHint().width() > longest > narrow
    wide = box.sizeHint().width()
    box.setCurrentIndex(box.count() - 1)
    assert box.sizeHint().width() == wide, "what is chosen moves nothing"
    bar.follow(view_of(Path("/run"), known_classes=("b" * 99, "c")))
    assert bar.groups["class"].sizeHint().width() < box.sizeHint().width(), "a row has its limits"
