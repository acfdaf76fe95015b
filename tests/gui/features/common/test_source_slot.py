"""Source slot: unusable pictures leave it unchanged, swapped pictures keep class and origin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture, data_set_recipe
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import fitted
from tests.gui.summaries import view_of

BLACK = np.zeros((16, 16, 3), np.uint8)
WRONG = StudioError("It can't be read.", "Choose another.")


@pytest.fixture
def studio(fake: FakeBackend) -> Studio:
    return Studio(fake)


def open_run(fake: FakeBackend, studio: Studio, run: Path, side: int = 16) -> None:
    studio.open_run(run)
    view = view_of(run, height=side, width=side, known_classes=("cat", "dog"))
    fake.finish(fake.job(f"Opening {run.name}"), view)


def slot(qtbot: QtBot, studio: Studio, letter: str = "A") -> SourceSlot:
    made = SourceSlot(studio, letter, "drop", f"slot {letter}", by_class=True)
    qtbot.addWidget(made)
    return made


def with_a_file(qtbot: QtBot, fake: FakeBackend, studio: Studio, path: Path) -> SourceSlot:
    """Return a slot that has read a black picture of the class cat from a file."""
    made = slot(qtbot, studio)
    made.set_path(path)
    fake.finish(fake.job(f"Reading {path.name}"), LabelledPicture(BLACK, "cat"))
    return made


def test_how_a_file_was_read_is_told_once_it_is_shown(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    """Told later than the change of the picture, at which panels clear their messages."""
    open_run(fake, studio, tmp_path / "run")
    source = slot(qtbot, studio)
    told: list[str] = []
    source.fitted_changed.connect(lambda: told.append("changed"))
    source.noticed.connect(told.append)
    for name, notice in (("a.png", ""), ("b.png", "Values go beyond 0..1.")):
        source.set_path(tmp_path / name)
        fake.finish(fake.job(f"Reading {name}"), LabelledPicture(BLACK, None, notice))
    assert told == ["changed", "changed", "Values go beyond 0..1."]


@pytest.mark.parametrize("how", ["file", "picture", "chance"])
def test_a_picture_that_cannot_be_used_leaves_the_one_before_and_its_class(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path, how: str
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = slot(qtbot, studio)
    source.accept(PictureDrop(BLACK, data_set_recipe("dog")))
    assert source.class_label == 1
    if how == "file":
        source.set_path(tmp_path / "bad.png")
    elif how == "picture":
        source.set_picture(np.ones((5, 7, 3), np.uint8))
    else:
        source.pick_from_data()
    assert source._job is not None
    fake.fail(source._job, WRONG)
    assert source.fitted is BLACK
    assert source.class_label == 1
    assert not source.is_random
    assert source.picture is BLACK, "what is shown is what is drawn from"


def test_a_file_that_is_gone_when_another_model_comes_leaves_no_picture_of_the_wrong_size(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = with_a_file(qtbot, fake, studio, tmp_path / "a.png")
    assert fitted(source) is BLACK
    open_run(fake, studio, tmp_path / "small", side=8)
    failed, changed = QSignalSpy(source.failed), QSignalSpy(source.fitted_changed)
    source.refit()
    fake.fail(fake.job("Reading a.png"), WRONG)
    assert source.fitted is None
    assert source.drop is None
    assert changed.count() == failed.count() == 1


def test_a_file_that_is_gone_leaves_its_picture_to_another_model_of_the_same_size(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = with_a_file(qtbot, fake, studio, tmp_path / "a.png")
    open_run(fake, studio, tmp_path / "other")
    changed = QSignalSpy(source.fitted_changed)
    source.refit()
    fake.fail(fake.job("Reading a.png"), WRONG)
    assert fitted(source) is BLACK
    assert changed.count() == 1, "while it was read nothing was drawn"


def test_a_picture_outlasts_a_model_that_is_gone_while_another_is_read(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = slot(qtbot, studio)
    source.accept(PictureDrop(BLACK, data_set_recipe("dog")))
    source.set_path(tmp_path / "run" / "bad.png")
    studio.follow_moved_run(tmp_path / "run", None)
    fake.fail(fake.job("Reading bad.png"), WRONG)
    assert fitted(source) is BLACK


def test_exchanged_pictures_keep_their_class_and_go_with_their_model_if_they_came_by_chance(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    a, b = slot(qtbot, studio, "A"), slot(qtbot, studio, "B")
    white = BLACK + 255
    a.accept(PictureDrop(BLACK, data_set_recipe("cat")), is_random=True)
    b.accept(PictureDrop(white, data_set_recipe("dog")))
    a.swap_with(b)
    assert a.fitted is white
    assert b.fitted is BLACK
    assert (a.class_label, b.class_label) == (1, 0)
    a.refit()
    b.refit()
    assert a.fitted is white
    assert b.fitted is None, "it was of what the model before has learnt"


def test_a_picture_by_chance_goes_with_its_model_where_the_file_over_it_fails(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = slot(qtbot, studio)
    source.accept(PictureDrop(BLACK, data_set_recipe("cat")), is_random=True)
    source.set_path(tmp_path / "bad.png")
    open_run(fake, studio, tmp_path / "other")
    source.refit()
    changed = QSignalSpy(source.fitted_changed)
    fake.fail(fake.job("Reading bad.png"), WRONG)
    assert source.fitted is None
    assert source.drop is None
    assert changed.count() == 1
    source.accept(PictureDrop(BLACK, data_set_recipe("dog")))
    source.set_path(tmp_path / "bad.png")
    fake.fail(fake.job("Reading bad.png"), WRONG)
    assert fitted(source) is BLACK, "one that a person chose stays"


def test_what_is_cleared_does_not_come_when_it_has_been_read(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path
) -> None:
    open_run(fake, studio, tmp_path / "run")
    source = slot(qtbot, studio)
    source.set_path(tmp_path / "a.png")
    job, changed = fake.job("Reading a.png"), QSignalSpy(source.fitted_changed)
    source.clear()
    assert fake.asked_to_cancel(job)
    assert source.is_free
    assert changed.count() == 1
    source.clear()
    assert changed.count() == 1, "nothing is left to be cleared"
