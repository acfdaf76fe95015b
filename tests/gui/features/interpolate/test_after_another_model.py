"""Interpolate tool with another model: playback stops, and the matrix fits its timesteps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.gui.features.interpolate.interpolate_panel import InterpolatePanel
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of


@pytest.fixture
def panel(qtbot: QtBot, fake: FakeBackend) -> InterpolatePanel:
    studio = Studio(fake)
    made = InterpolatePanel(studio, ActionRegistry(parent=studio))
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    return made


def open_run(fake: FakeBackend, panel: InterpolatePanel, run: Path, timesteps: int = 20) -> None:
    panel.studio.open_run(run)
    fake.finish(fake.job(f"Opening {run.name}"), view_of(run, timesteps=timesteps))
    for slot in panel.view.all_slots:
        slot.set_picture(np.zeros((16, 16, 3), np.uint8))


def drawn(count: int) -> DrawingResult:
    pictures = np.full((count, 16, 16, 3), 7, np.uint8)
    return DrawingResult(pictures, {"kind": "interpolate", "request": {"t": 1}})


def test_a_recorded_way_plays_no_pictures_of_the_model_before(
    qtbot: QtBot, fake: FakeBackend, panel: InterpolatePanel, tmp_path: Path
) -> None:
    open_run(fake, panel, tmp_path / "run")
    panel.choices.set_mode("pad")
    trail = panel.view.trail
    trail.set_text("0,0 0.5,0 1,0 1,0.5 1,1 0.5,1")
    panel.draw_now()
    assert panel.job is not None
    fake.finish(panel.job, drawn(6))
    before = trail.playing, panel.preview.count
    panel.studio.open_run(tmp_path / "other")
    fake.finish(fake.job("Opening other"), view_of(tmp_path / "other"))
    assert (before, trail.playing) == ((True, 1), False)
    trail.play()
    qtbot.wait(200)
    assert panel.preview.count == 0


def test_a_model_of_two_timesteps_has_three_rows(
    qtbot: QtBot, fake: FakeBackend, panel: InterpolatePanel, tmp_path: Path
) -> None:
    open_run(fake, panel, tmp_path / "run", timesteps=2)
    panel.choices.set_mode("matrix")
    panel.draw_now()
    job = panel.job
    assert job is not None
    assert panel.rows.shown_ts == [2, 1, 0]
    rows = [drawn(7) for _ in range(3)]
    for row in rows:
        fake.send(job, row)
    fake.finish(job, rows)
    assert panel.lambda_label.text() == "λ = 0.50 · t = 0"
    assert panel.preview.count == 1
