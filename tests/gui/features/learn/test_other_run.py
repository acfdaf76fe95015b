"""Opening another run: source slots and the bound chapter show nothing of the previous one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.learn.learn_panel import LearnPanel
from ddpm_studio.gui.workspace.studio import Studio
from tests.gui.other_run import other_run
from tests.gui.panel_help import WAIT, drop, files, open_run, opened


@pytest.fixture
def slot(qtbot: QtBot, studio: Studio, tiny_run: Path) -> SourceSlot:
    """An empty source slot, with a run open."""
    made = SourceSlot(studio, "x₀", "drop a picture", "a test")
    qtbot.addWidget(made)
    open_run(qtbot, studio, tiny_run)
    return made


def test_a_picture_that_came_by_chance_goes_with_its_run(
    qtbot: QtBot, studio: Studio, slot: SourceSlot, tmp_path: Path
) -> None:
    slot.pick_from_data(asked=False)
    qtbot.waitUntil(lambda: slot.fitted is not None, timeout=WAIT)
    open_run(qtbot, studio, other_run(tmp_path))
    slot.refit()
    assert not slot.fitted
    own = np.full((16, 16, 3), 200, np.uint8)
    slot.accept(own)
    slot.refit()
    assert slot.fitted is not None, "what a person chose stays"
    assert np.array_equal(slot.fitted, own)


def test_the_bound_shows_nothing_of_the_run_before(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    window = opened(qtbot, backend, tiny_run)
    (learn,) = window.findChildren(LearnPanel)
    bound = learn.bound
    window.show_tool(learn)
    learn.show_chapter(bound)
    qtbot.waitUntil(lambda: bound.parts is not None and bound.step is not None, timeout=WAIT)
    assert bound.bound._values
    assert bound.kl._values
    other = other_run(tmp_path)
    shutil.rmtree(tmp_path / "blue")
    window.actions_["view.tab1"].trigger()
    open_run(qtbot, window.studio, other)
    assert bound.parts is None
    for equation in (bound.bound, bound.kl, bound.vlb):
        assert not equation._values, "its values were the other run's"
    assert bound.source.fitted is None


def test_a_latent_is_refused_aloud_where_none_is_taken(
    qtbot: QtBot, slot: SourceSlot, tmp_path: Path
) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"a latent")
    with qtbot.waitSignal(slot.failed, timeout=WAIT):
        assert drop(slot, files(path))
