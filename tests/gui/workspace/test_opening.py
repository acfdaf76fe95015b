"""Opening a run: it continues and is reported until done, whatever else is read meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of

FIRST, RENAMED, OTHER = Path("/runs/first"), Path("/runs/renamed"), Path("/runs/other")


@pytest.fixture
def studio(fake: FakeBackend) -> Studio:
    """A studio with the first run open."""
    made = Studio(fake)
    made.open_run(FIRST)
    opened(fake, FIRST)
    return made


def opened(fake: FakeBackend, run: Path) -> None:
    """Finish the job that reads a run."""
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run))


def state(studio: Studio) -> tuple[Path | None, Path | None, bool]:
    """Return the open run, the one being opened, and whether the open one was read again."""
    return studio.run, studio.opening, studio.reopened


def test_a_run_is_opened_although_the_open_one_is_renamed_meanwhile(
    studio: Studio, fake: FakeBackend
) -> None:
    studio.open_run(OTHER)
    studio.follow_moved_run(FIRST, RENAMED)
    assert studio.opening == OTHER
    opened(fake, RENAMED)
    assert state(studio) == (RENAMED, OTHER, True)
    opened(fake, OTHER)
    assert state(studio) == (OTHER, None, False)


def test_what_is_read_again_does_not_take_the_place_of_what_was_opened_since(
    studio: Studio, fake: FakeBackend
) -> None:
    studio.open_run(OTHER)
    studio.follow_moved_run(FIRST, RENAMED)
    opened(fake, OTHER)
    opened(fake, RENAMED)
    assert studio.run == OTHER
    assert studio.run_view is not None
    assert studio.run_view.summary.path == OTHER


def test_a_run_that_is_gone_stays_closed(studio: Studio, fake: FakeBackend) -> None:
    studio.follow_moved_run(FIRST, RENAMED)
    studio.follow_moved_run(RENAMED, None)
    opened(fake, RENAMED)
    assert studio.run is None


def test_a_run_that_is_opened_after_it_could_not_be_read_again_is_shown(
    studio: Studio, fake: FakeBackend
) -> None:
    studio.follow_moved_run(FIRST, RENAMED)
    fake.fail(fake.job("Opening renamed"), StudioError("The disk is away.", "Wait."))
    studio.open_run(RENAMED)
    opened(fake, RENAMED)
    assert not studio.reopened


def test_what_is_cancelled_is_opened_no_more(studio: Studio, fake: FakeBackend) -> None:
    studio.importer.inspect(Path("/models/ema.ckpt"))
    assert state(studio)[1] == Path("/models/ema.ckpt")
    fake.cancel(fake.job("Looking at ema.ckpt"))
    assert state(studio)[1] is None
    assert "ema" not in studio.no_model
