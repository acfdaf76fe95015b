"""Bits tool: decoded states are cleared with another model and follow a run that is moved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.bits.bits_panel import BitsPanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DecodingResult, FrameImages
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend, tmp_path: Path) -> BitsPanel:
    studio = Studio(fake)
    made = BitsPanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(900, 700)
    made.show()
    studio.open_run(tmp_path / "run")
    fake.finish(fake.job("Opening run"), view_of(tmp_path / "run"))
    made.source.set_picture(np.zeros((16, 16, 3), np.uint8))
    assert made._decoding is not None
    return made


def decoded(run: Path) -> DecodingResult:
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    recipe: dict[str, object] = {"kind": "decode", "request": {"run": str(run)}}
    return DecodingResult((20, 1), (0.0, 2.0), (9.0, 1.0), pictures, pictures, 2.0, recipe)


@pytest.mark.parametrize("finished", [False, True])
def test_with_another_model_they_go_at_once(
    fake: FakeBackend, panel: BitsPanel, tmp_path: Path, finished: bool
) -> None:
    job = panel._decoding
    assert job is not None
    numbers = np.zeros((1, 16, 16, 3), np.float16)
    fake.send(job, FrameImages(0, 12, 20, numbers, numbers, numbers))
    if finished:
        fake.finish(job, decoded(tmp_path / "run"))
    assert panel.grid.count
    panel.studio.open_run(tmp_path / "small")
    fake.finish(fake.job("Opening small"), view_of(tmp_path / "small", height=8, width=8))
    assert panel.source.waiting, "the picture is made to fit first"
    assert job.state.is_over
    assert panel.grid.count == panel.strip.count == 0
    assert panel.decoded is None
    assert not panel.saver.menu.isEnabled()


def test_what_is_decoded_names_its_run_where_it_lies_now(
    fake: FakeBackend, panel: BitsPanel, tmp_path: Path
) -> None:
    assert panel._decoding is not None
    fake.finish(panel._decoding, decoded(tmp_path / "run"))
    panel.studio.run_moved.emit(tmp_path / "run", tmp_path / "moved")
    recipe = panel.grid.recipe(0)
    assert recipe is not None
    assert recipe["request"] == {"run": str(tmp_path / "moved")}
