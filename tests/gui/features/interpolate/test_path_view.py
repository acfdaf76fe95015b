"""Path view: each key picture has a slot, and which ones stay when another model is opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobHandle
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.interpolate.path_view import PathView
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import open_run
from tests.gui.summaries import view_of

WRONG = StudioError("It can't be read.", "Choose another.")
# Side of pictures that must be resized for the model of 16 px.
LARGE = 24


@pytest.fixture
def path(qtbot: QtBot, fake: FakeBackend, tmp_path: Path) -> PathView:
    """Path view without key pictures, for a model of 16 px."""
    studio = Studio(fake)
    made = PathView(studio)
    qtbot.addWidget(made)
    open_model(fake, studio, tmp_path / "run", 16)
    return made


def open_model(fake: FakeBackend, studio: Studio, run: Path, side: int) -> None:
    studio.open_run(run)
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run, height=side, width=side))


def of_level(level: int, side: int = 16) -> Pictures:
    return np.full((side, side, 3), level, np.uint8)


def fitting(fake: FakeBackend) -> list[JobHandle[object]]:
    """Return the unfinished jobs that fit pictures to the model, in the order of submission."""
    return [job for job in fake.jobs.values() if job.spec.title == "Fitting a picture"]


def levels(path: PathView) -> list[int]:
    """Return the level of each key picture, which identifies it, in order."""
    return [int(slot.fitted.max()) for slot in path.slots if slot.fitted is not None]


def test_keys_that_came_by_chance_go_with_their_model(
    qtbot: QtBot, studio: Studio, tiny_run: Path
) -> None:
    open_run(qtbot, studio, tiny_run)
    slots = []
    for number in range(4):
        slot = SourceSlot(studio, "", "", f"test {number}")
        qtbot.addWidget(slot)
        slot.accept(of_level(number), is_random=number != 2)
        slots.append(slot)
    path = PathView(studio)
    qtbot.addWidget(path)
    path.copy_from(slots)
    path.reverse()
    assert levels(path) == [3, 2, 1, 0]
    path.refit()
    assert levels(path) == [2]


def test_pictures_of_another_size_all_become_keys(fake: FakeBackend, path: PathView) -> None:
    path.set_keys([of_level(level, LARGE) for level in (1, 2, 3)])
    jobs = fitting(fake)
    assert len(jobs) == 3
    # They may be ready in any order.
    for level, job in ((2, jobs[1]), (3, jobs[2]), (1, jobs[0])):
        fake.finish(job, of_level(level))
    assert levels(path) == [1, 2, 3]
    assert len(path.slots) == 4
    assert path.slots[-1].is_free


def test_a_key_that_can_not_be_had_leaves_no_gap(fake: FakeBackend, path: PathView) -> None:
    told = QSignalSpy(path.failed)
    path.set_keys([of_level(level, LARGE) for level in (1, 2, 3)])
    jobs = fitting(fake)
    fake.finish(jobs[0], of_level(1))
    fake.fail(jobs[1], WRONG)
    fake.finish(jobs[2], of_level(3))
    assert levels(path) == [1, 3]
    assert [slot.is_free for slot in path.slots] == [False, False, True]
    assert told.count() == 1


def test_other_keys_take_the_place_of_those_that_are_being_fitted(
    fake: FakeBackend, path: PathView
) -> None:
    path.set_keys([of_level(level, LARGE) for level in (1, 2)])
    before = fitting(fake)
    path.set_keys([of_level(3)])
    assert all(fake.asked_to_cancel(job) for job in before)
    assert levels(path) == [3]
    changed = QSignalSpy(path.changed)
    path.set_keys([of_level(4, LARGE)])
    assert levels(path) == []
    assert changed.count() == 1, "the key before is gone, whatever becomes of the new one"


def test_after_a_key_is_taken_out_each_has_a_number_and_a_place_of_its_own(
    fake: FakeBackend, path: PathView
) -> None:
    path.set_keys([of_level(level) for level in (1, 2, 3)])
    path.slots[1].clear()
    path.append(of_level(4))
    assert levels(path) == [1, 3, 4]
    assert [slot.accessibleName() for slot in path.slots] == ["1", "2", "3", "4"]
    path.slots[2].set_picture(of_level(5, LARGE))
    path.slots[3].set_picture(of_level(6, LARGE))
    jobs = fitting(fake)
    assert len(jobs) == 2, "one does not end the other"
    for level, job in zip((5, 6), jobs, strict=True):
        fake.finish(job, of_level(level))
    assert levels(path) == [1, 3, 5, 6]


def test_a_full_path_takes_no_other_picture_and_says_so(fake: FakeBackend, path: PathView) -> None:
    path.set_keys([of_level(level) for level in range(12)])
    told, asked = QSignalSpy(path.failed), len(fake.specs)
    path.append(of_level(99))
    path.add_from_data()
    assert levels(path) == list(range(12)), "the twelfth is not replaced"
    assert len(fake.specs) == asked
    assert ["is full" in told.at(k)[0].line for k in range(told.count())] == [True, True]
    path.slots[3].clear()
    path.append(of_level(99))
    assert levels(path) == [0, 1, 2, *range(4, 12), 99]


def test_pictures_are_added_one_after_the_other_while_they_are_fitted(
    fake: FakeBackend, path: PathView
) -> None:
    for level in (1, 2):
        path.append(of_level(level, LARGE))
    path.add_from_data()
    for level, job in zip((1, 2), fitting(fake), strict=True):
        fake.finish(job, of_level(level))
    fake.finish(fake.job("Looking at the data"), (of_level(3)[None], (None,)))
    assert levels(path) == [1, 2, 3]


def test_a_longer_path_from_elsewhere_is_not_cut(path: PathView) -> None:
    path.set_keys([of_level(level) for level in range(15)])
    assert levels(path) == list(range(15))
    path.slots[-1].clear()
    assert levels(path) == list(range(14))
    assert [slot.is_free for slot in path.slots] == [False] * 14 + [True]


def test_a_path_that_is_turned_around_keeps_its_pictures_as_they_were_given(
    fake: FakeBackend, path: PathView, tmp_path: Path
) -> None:
    path.append(of_level(1, LARGE))
    fake.finish(fitting(fake)[0], of_level(1))
    for level in (2, 3):
        path.append(of_level(level))
    path.reverse()
    assert levels(path) == [3, 2, 1]
    open_model(fake, path._studio, tmp_path / "large", LARGE)
    path.refit()
    given = path.slots[2].fitted
    assert given is not None
    assert given.shape == (LARGE, LARGE, 3), "no enlargement of what the small model had"
    assert len(fitting(fake)) == 2


def test_a_path_is_not_turned_around_without_a_key_that_is_waited_for(
    fake: FakeBackend, path: PathView
) -> None:
    path.set_keys([of_level(1), of_level(2), of_level(3, LARGE)])
    path.reverse()
    fake.finish(fitting(fake)[0], of_level(3))
    assert levels(path) == [1, 2, 3]
    path.reverse()
    assert levels(path) == [3, 2, 1]
