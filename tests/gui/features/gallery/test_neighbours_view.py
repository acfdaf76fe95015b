"""Nearest neighbours: searched for in the training data of the run that drew the picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.gallery.neighbours_view import NeighboursView
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import NeighboursFound, Pictures
from ddpm_studio.requests import NeighboursRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import open_run

OTHER = np.zeros((8, 8, 4), np.uint8)
LIKE_THE_OPEN_RUN = np.zeros((16, 16, 3), np.uint8)


@pytest.fixture
def view(qtbot: QtBot, studio: Studio, tiny_run: Path) -> NeighboursView:
    made = NeighboursView(studio)
    qtbot.addWidget(made)
    open_run(qtbot, studio, tiny_run)
    return made


def test_a_picture_of_another_run_is_compared_with_that_runs_data(
    view: NeighboursView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.json").write_text("{}")
    asked: list[NeighboursRequest] = []
    spec = specs.measuring.neighbours

    def seen(request: NeighboursRequest, picture: Pictures, slot: str) -> JobSpec[NeighboursFound]:
        asked.append(request)
        return spec(request, picture, slot)

    monkeypatch.setattr(specs.measuring, "neighbours", seen)
    view.set_picture(OTHER, other)
    assert view.start.isEnabled()
    view.search()
    assert [request.run for request in asked] == [other]


def test_without_its_run_only_a_picture_of_the_open_shape_can_be_compared(
    view: NeighboursView, tmp_path: Path
) -> None:
    gone = tmp_path / "gone"
    view.set_picture(OTHER, gone)
    assert not view.start.isEnabled()
    view.set_picture(LIKE_THE_OPEN_RUN, gone)
    assert view.start.isEnabled()


def searching(qtbot: QtBot, fake: FakeBackend, run: Path) -> NeighboursView:
    """Return a view that is searching for the neighbours of a run's picture."""
    (run / "run.json").write_text("{}")
    view = NeighboursView(Studio(fake))
    qtbot.addWidget(view)
    view.set_picture(LIKE_THE_OPEN_RUN, run)
    view.search()
    return view


def found(level: int) -> NeighboursFound:
    pictures = np.full((1, 16, 16, 3), level, np.uint8)
    return NeighboursFound(pictures, (0,), ("a.png",), (1.0,), (False,), None)


def test_what_was_searched_for_another_picture_does_not_come(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    view = searching(qtbot, fake, tmp_path)
    job = fake.job("Looking for neighbours")
    view.set_picture(LIKE_THE_OPEN_RUN.copy(), tmp_path)
    assert job.state.is_over
    assert fake.asked_to_cancel(job)
    assert view.result_text.isHidden()


def test_what_was_found_stays_while_the_picture_does(
    qtbot: QtBot, fake: FakeBackend, tmp_path: Path
) -> None:
    view = searching(qtbot, fake, tmp_path)
    fake.finish(fake.job("Looking for neighbours"), found(3))
    # After another drawing the gallery sets the selected picture again.
    view.set_picture(LIKE_THE_OPEN_RUN, tmp_path)
    kept = view.found
    assert not view.grid.isHidden()
    view.set_picture(OTHER, tmp_path)
    assert kept is not None
    assert view.found is None
    assert view.grid.isHidden()
