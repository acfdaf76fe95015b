"""Random pictures that arrive late, unasked: they do not replace the user's own pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Lane
from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of

CHANCE, OWN = 9, 200
LOOKING = "Looking at the data"


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend, tmp_path: Path) -> InterpolatePanel:
    """Interpolation panel of an open run, which is reading four random pictures of its data."""
    studio = Studio(fake)
    made = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    open_run(fake, made, tmp_path / "run")
    return made


def open_run(fake: FakeBackend, panel: InterpolatePanel, run: Path) -> None:
    panel.studio.open_run(run)
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run))


def find(fake: FakeBackend) -> None:
    """Finish reading the random pictures."""
    fake.finish(fake.job(LOOKING), (np.full((4, 16, 16, 3), CHANCE, np.uint8), (None,) * 4))


def own() -> Pictures:
    return np.full((16, 16, 3), OWN, np.uint8)


def levels(panel: InterpolatePanel) -> list[int | None]:
    """Return the level of each picture, which identifies it, in order; None: empty slot."""
    slots = panel.path.slots if panel.mode == "path" else panel.view.slots_of(panel.mode)
    return [None if slot.fitted is None else int(slot.fitted.max()) for slot in slots]


def test_a_file_that_is_being_read_is_not_replaced(
    fake: FakeBackend, panel: InterpolatePanel, tmp_path: Path
) -> None:
    panel.a.set_path(tmp_path / "own.png")
    find(fake)
    fake.finish(fake.job("Reading own.png"), LabelledPicture(own(), None))
    assert levels(panel) == [OWN, CHANCE]


def test_a_path_that_was_begun_is_not_replaced(fake: FakeBackend, panel: InterpolatePanel) -> None:
    panel.choices.set_mode("path")
    panel.path.append(own())
    find(fake)
    assert levels(panel) == [OWN, None]
    for slot in (panel.a, panel.b):
        slot.set_picture(own())
    for mode in ("row", "path"):
        panel.choices.set_mode(mode)
    assert levels(panel) == [OWN, None]
    panel.pick_random()
    find(fake)
    assert levels(panel) == [CHANCE, CHANCE, CHANCE, None], "now they are asked for"


def test_a_path_by_chance_through_pictures_of_another_run_is_not_asked_for(
    qtbot: QtBot, fake: FakeBackend, panel: InterpolatePanel, tmp_path: Path
) -> None:
    panel.choices.set_mode("path")
    find(fake)
    qtbot.waitUntil(lambda: panel.job is not None)
    before = panel.job
    open_run(fake, panel, tmp_path / "other")
    find(fake)
    assert levels(panel) == [CHANCE, CHANCE, CHANCE, None]
    qtbot.waitUntil(lambda: panel.job is not before)
    assert panel.job is not None
    assert panel.job.spec.lane is Lane.SPARE, "it lets a training go first, and is not kept"


def test_pictures_of_the_run_before_are_not_taken(
    fake: FakeBackend, panel: InterpolatePanel, tmp_path: Path
) -> None:
    late = fake.job(LOOKING)
    panel.hide()
    open_run(fake, panel, tmp_path / "other")
    fake.finish(late, (np.full((4, 16, 16, 3), CHANCE, np.uint8), (None,) * 4))
    assert levels(panel) == [None, None]
    panel.show()
    find(fake)
    assert levels(panel) == [CHANCE, CHANCE]
