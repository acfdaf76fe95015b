"""Automatic drawing: waits until the model has seen enough pictures, in whichever batches."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from ddpm_studio.backend import specs
from ddpm_studio.backend.spec import PoolCall
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BINS, RunStarted, TrainTick
from ddpm_studio.requests import TrainRequest
from tests.gui.fake_backend import FakeBackend
from tests.gui.summaries import view_of


def test_steps_of_before_count_with_the_batches_of_then(fake: FakeBackend, tmp_path: Path) -> None:
    studio, run = Studio(fake), tmp_path / "run"
    request = TrainRequest(preset="tiny", batch_size=32, steps=9000)
    studio.trainer.resume(run, request)
    job = fake.job("Training run")
    fake.send(job, RunStarted(run, 1000, 9000, 1000, "CPU", "float32"))
    # The first thousand steps had one picture each.
    view = replace(view_of(run, step=1000), request=request, more_pictures=1000 - 32 * 1000)
    fake.finish(fake.job("Opening run"), view)
    is_waiting = []
    for step in (1218, 1219):
        fake.send(job, TrainTick(step, 9000, 40.0, 100.0, 0, (0.0,) * BINS))
        is_waiting.append(studio.auto_drawing.is_waiting)
    assert is_waiting == [True, False], "8,000 pictures are 1,000 of one and 219 of 32"


def test_an_opened_run_knows_with_which_batches_it_began(tiny_run: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    told = json.loads((run / "run.json").read_text())
    batch = told["request"]["batch_size"]
    told["changes"] = [{"step": 3, "settings": {"batch_size": [batch + 5, batch]}}]
    (run / "run.json").write_text(json.dumps(told))
    work = specs.runs.open_run(run).work
    assert isinstance(work, PoolCall)
    view = work.function()
    assert view.summary.step == 4
    assert [view.pictures_seen_at(step) for step in (4, 10)] == [
        3 * (batch + 5) + (step - 3) * batch for step in (4, 10)
    ]
