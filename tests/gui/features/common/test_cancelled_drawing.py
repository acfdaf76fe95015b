"""Cancelled drawings: the pictures drawn so far are kept, or offered for keeping."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.gallery.gallery_panel import GalleryPanel
from ddpm_studio.gui.features.inpaint.inpaint_panel import InpaintPanel
from ddpm_studio.gui.features.share.share_panel import SharePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import (
    BatchDrawn,
    DrawingResult,
    DrawingStarted,
    FrameImages,
    InterleavedEvent,
)
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of

RECIPE: dict[str, object] = {"kind": "share", "request": {"seed": 3}}


@pytest.fixture
def studio(fake: FakeBackend) -> Studio:
    return Studio(fake)


@pytest.fixture
def kept(studio: Studio) -> list[DrawingResult]:
    found: list[DrawingResult] = []
    studio.drawn.connect(found.append)
    return found


def opened(fake: FakeBackend, studio: Studio, run: Path) -> None:
    studio.open_run(run)
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run))


def moment(t: int, level: float) -> FrameImages:
    numbers = np.full((9, 16, 16, 3), level, np.float16)
    return FrameImages(20 - t, 20, t, numbers, numbers, numbers)


@pytest.fixture
def share(qtbot: QtBot, fake: FakeBackend, studio: Studio, tmp_path: Path) -> SharePanel:
    panel = SharePanel(studio, ActionRegistry())
    qtbot.addWidget(panel)
    panel.show()
    opened(fake, studio, tmp_path / "run")
    qtbot.waitUntil(lambda: panel.job is not None)
    panel.draw_now()
    return panel


def test_what_was_shown_of_it_is_offered_and_kept_with_its_t(
    fake: FakeBackend, share: SharePanel, kept: list[DrawingResult]
) -> None:
    assert share.job is not None
    fake.send(share.job, DrawingStarted(RECIPE))
    fake.send(share.job, moment(20, -1.0))
    fake.send(share.job, moment(8, 1.0))
    fake.cancel(share.job)
    assert share.messages.text == "Cancelled at t = 8."
    assert kept == []
    share.messages.action_button.click()
    (drawn,) = kept
    assert drawn.recipe == {**RECIPE, "moment": 8}
    assert np.array_equal(drawn.pictures, np.full((9, 16, 16, 3), 255, np.uint8))
    assert share.messages.text == ""


def test_a_drawing_that_gives_way_to_a_newer_one_offers_nothing(
    fake: FakeBackend, share: SharePanel, kept: list[DrawingResult]
) -> None:
    assert share.job is not None
    fake.send(share.job, DrawingStarted(RECIPE))
    fake.send(share.job, moment(8, 1.0))
    share.draw_now()
    assert share.messages.text == ""
    # Nor does a drawing that the tool itself ends.
    fake.send(share.job, DrawingStarted(RECIPE))
    fake.send(share.job, moment(8, 1.0))
    share.cancel_drawing()
    assert share.messages.text == ""
    assert kept == []


def test_of_compared_samplers_each_that_was_not_there_yet_is_offered(
    fake: FakeBackend, share: SharePanel, kept: list[DrawingResult]
) -> None:
    recipes: list[dict[str, object]] = [{**RECIPE, "sampler": name} for name in "abc"]
    job = share.job
    assert job is not None
    for which, recipe in enumerate(recipes):
        fake.send(job, InterleavedEvent(which, DrawingStarted(recipe)))
    for which, t, level in ((1, 20, -1.0), (0, 12, -1.0), (1, 8, 1.0), (2, 0, 1.0)):
        fake.send(job, InterleavedEvent(which, moment(t, level)))
    fake.cancel(job)
    assert share.messages.text == "Cancelled at t = 12 / 8."
    assert kept == []
    share.messages.action_button.click()
    told = [(one.recipe, int(one.pictures.max())) for one in kept]
    assert told == [({**recipes[0], "moment": 12}, 0), ({**recipes[1], "moment": 8}, 255)]


def test_finished_pictures_of_new_samples_are_kept_at_once(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, kept: list[DrawingResult], tmp_path: Path
) -> None:
    panel = GalleryPanel(studio, ActionRegistry())
    qtbot.addWidget(panel)
    opened(fake, studio, tmp_path / "run")
    panel.draw_samples()
    job = panel.job
    assert job is not None
    fake.send(job, DrawingStarted(RECIPE))
    batches = np.random.default_rng(0).integers(0, 256, (2, 4, 16, 16, 3), np.uint8)
    for batch in batches:
        fake.send(job, BatchDrawn(batch))
    fake.send(job, moment(8, 0.0))
    fake.cancel(job)
    (drawn,) = kept
    assert np.array_equal(drawn.pictures, batches.reshape(8, 16, 16, 3))
    assert drawn.recipe == RECIPE
    assert "8 pictures" in panel.messages.text


def test_what_is_known_of_a_picture_that_is_filled_in_is_kept_as_it_is(
    qtbot: QtBot, fake: FakeBackend, studio: Studio, kept: list[DrawingResult], tmp_path: Path
) -> None:
    panel = InpaintPanel(studio, ActionRegistry())
    qtbot.addWidget(panel)
    panel.show()
    opened(fake, studio, tmp_path / "run")
    known = np.full((16, 16, 3), 7, np.uint8)
    panel.source.set_picture(known)
    qtbot.waitUntil(lambda: panel.source.fitted is not None)
    mask = np.zeros((16, 16), bool)
    mask[:8] = True
    panel.canvas.set_mask(mask)
    panel.draw_now()
    assert panel.job is not None
    fake.send(panel.job, DrawingStarted(RECIPE))
    fake.send(panel.job, moment(8, 1.0))
    fake.cancel(panel.job)
    panel.messages.action_button.click()
    assert (kept[0].pictures[:, :8] == 255).all()
    assert (kept[0].pictures[:, 8:] == 7).all()
