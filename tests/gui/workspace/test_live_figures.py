"""Live metrics: those of a training in this window come from its events, others from the file."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend, JobHandle, JobSpec
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.backend.spec import PoolCall
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BINS, HeldOutMeasured, RunStarted, TrainStep, TrainTick
from ddpm_studio.jobs.library import history
from ddpm_studio.jobs.library.metric_arrays import MetricArrays
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import metrics
from tests.gui.fake_backend import FakeBackend
from tests.gui.panel_help import WAIT

TICK = TrainTick(0, 100, 64.0, 1.0, 2**20, tuple(0.5 for _ in range(BINS)), 0.25)


class Training:
    """Simulated training: writes each tick to the metrics file first, unless the disk refuses."""

    def __init__(self, fake: FakeBackend, run: Path, step: int) -> None:
        self.fake, self.run, self.step, self.refused = fake, run, step, False
        self.job: JobHandle[object] = fake.submit(
            JobSpec("Training", PoolCall(lambda: None), listed=False)
        )
        self.started = RunStarted(run, step, 100, 1, "CPU", "float32")

    def tick(self, count: int = 2, held_out: float | None = None) -> None:
        steps = [
            TrainStep(self.step + k, loss(self.step + k), 2.0, 1e-4) for k in range(1, count + 1)
        ]
        self.step += count
        tick = replace(TICK, step=self.step)
        lines: list[dict[str, Any]] = [vars(step) for step in steps]
        lines[-1] = lines[-1] | {
            "images_per_second": tick.images_per_second,
            "memory_bytes": tick.memory_bytes,
            "cpu_load": tick.cpu_load,
            "loss_by_t": list(tick.loss_by_t),
        }
        if held_out is not None:
            lines[-1] |= {"held_out_loss": held_out, "held_out_bits": 4.0}
            self.fake.send(self.job, HeldOutMeasured(self.step, held_out, 4.0, 8, 8, 10))
        if not self.refused:
            metrics.append(self.run / "metrics.jsonl", lines)
        events: list[TrainStep | TrainTick] = [*steps, tick]
        for event in events:
            self.fake.send(self.job, event)


def loss(step: int) -> float:
    return 1.0 + step / 8


@pytest.fixture
def fake(qtbot: QtBot) -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def run(tiny_run: Path, tmp_path: Path) -> Path:
    """A run whose metrics file has four steps, with the losses of :func:`loss`."""
    folder = tmp_path / "run"
    shutil.copytree(tiny_run, folder)
    (folder / "metrics.jsonl").unlink()
    lines = [{"step": k, "loss": loss(k), "grad_norm": 2, "lr": 1e-4} for k in range(1, 5)]
    metrics.append(folder / "metrics.jsonl", lines)
    return folder


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The paths of metrics files, one for each time that one is read."""
    found: list[Path] = []
    opened = metrics._open_regular_file

    def counted(path: Path) -> Any:
        found.append(path)
        return opened(path)

    monkeypatch.setattr(metrics, "_open_regular_file", counted)
    return found


def look(fake: FakeBackend, record: RunRecord) -> None:
    """Run the submitted jobs that look at a run's folder, until there are no more."""
    while jobs := [job for job in fake.jobs.values() if job.spec.title.startswith("Following")]:
        for job in jobs:
            assert isinstance(job.spec.work, PoolCall)
            try:
                found = job.spec.work.function()
            except StudioError as error:
                fake.fail(job, error)
            else:
                fake.finish(job, found)


def told(record: RunRecord) -> list[int]:
    losses = record.losses
    assert losses.means.tolist() == [loss(int(step)) for step in losses.steps]
    return [int(step) for step in losses.steps]


def test_a_loss_is_in_the_record_when_its_event_is_there(
    fake: FakeBackend, run: Path, reads: list[Path]
) -> None:
    record = RunRecord(fake, run)
    look(fake, record)
    assert told(record) == [1, 2, 3, 4]
    training = Training(fake, run, 4)
    record.follow(training.job, 4)
    look(fake, record)
    assert record.loaded
    reads.clear()
    asked = len(fake.specs)
    changes: list[int] = []
    record.changed.connect(lambda: changes.append(record.last_step))
    training.tick(3)
    training.tick(1, held_out=0.75)
    assert changes == [7, 8]
    assert told(record) == list(range(1, 9))
    assert record.series("held_out_loss")[1].tolist() == [0.75]
    assert record.series("held_out_bits")[0].tolist() == [8]
    assert record.series("images_per_second")[1].tolist() == [64, 64]
    assert record.loss_by_t[0].tolist() == [7, 8]
    assert record.recent_loss_by_t().tolist() == [0.5] * BINS
    assert len(fake.specs) == asked, "nothing was asked of another thread"
    record.poll()
    look(fake, record)
    assert not reads, "the folder is looked at, its figures are not"
    fake.finish(training.job, None)
    look(fake, record)
    assert told(record) == list(range(1, 9))


def test_it_is_followed_from_the_middle_without_gap_or_doubled_point(
    fake: FakeBackend, run: Path, reads: list[Path]
) -> None:
    training = Training(fake, run, 4)
    training.tick(4)
    record = RunRecord(fake, run)
    record.follow(training.job, training.step)
    # Events before the file is first read: by then it holds these steps too.
    training.tick(2)
    assert told(record) == []
    look(fake, record)
    assert told(record) == list(range(1, 11))
    training.tick(2)
    assert told(record) == list(range(1, 13))
    # The read that was already submitted may be outdated: hence a second one.
    assert len(reads) == 2
    # Stopped: the last steps are written without an event.
    metrics.append(run / "metrics.jsonl", [{"step": 13, "loss": loss(13)}])
    fake.finish(training.job, None)
    look(fake, record)
    assert told(record) == list(range(1, 14))
    assert record.training is None
    # Resumed from its last checkpoint, of step 12: what came after is dropped.
    metrics.truncate(run / "metrics.jsonl", 12)
    further = Training(fake, run, 12)
    record.follow(further.job, 12)
    further.tick(3)
    look(fake, record)
    further.tick(1)
    assert told(record) == list(range(1, 17))
    fake.finish(further.job, None)
    look(fake, record)
    assert told(record) == list(range(1, 17))
    metrics.append(run / "metrics.jsonl", [{"step": 17, "loss": loss(17)}])
    record.poll()
    look(fake, record)
    assert told(record) == list(range(1, 18)), "another process goes on with it"


def test_the_curve_goes_on_while_the_disk_refuses(fake: FakeBackend, run: Path) -> None:
    record = RunRecord(fake, run)
    look(fake, record)
    training = Training(fake, run, 4)
    record.follow(training.job, 4)
    look(fake, record)
    training.refused = True
    shutil.move(run, run.with_name("away"))
    training.tick(3)
    record.poll()
    look(fake, record)
    training.tick(3)
    assert told(record) == list(range(1, 11))


def test_a_folder_that_can_not_be_read_at_the_beginning_holds_nothing_up(
    fake: FakeBackend, run: Path
) -> None:
    record = RunRecord(fake, run)
    training = Training(fake, run, 4)
    record.follow(training.job, 4)
    training.refused = True
    shutil.move(run, run.with_name("away"))
    training.tick(3)
    assert told(record) == []
    look(fake, record)
    assert told(record) == [5, 6, 7]


def test_going_back_after_a_spike_voids_what_came_after(fake: FakeBackend, run: Path) -> None:
    record = RunRecord(fake, run)
    look(fake, record)
    training = Training(fake, run, 4)
    record.follow(training.job, 4)
    look(fake, record)
    training.tick(2)
    training.tick(4, held_out=0.5)
    metrics.truncate(run / "metrics.jsonl", 5)
    training.step = 5
    training.tick(3)
    assert told(record) == list(range(1, 9))
    assert record.loss_by_t[0].tolist() == [8]
    assert record.series("held_out_loss")[0].tolist() == []


def test_a_run_that_moves_to_another_disk_keeps_its_curve(
    fake: FakeBackend, run: Path, tmp_path: Path
) -> None:
    studio = Studio(fake)
    studio.sources = (tmp_path,)
    studio.trainer.start(TrainRequest(steps=100), run)
    assert studio.training is not None
    training = Training(fake, run, 4)
    training.job = studio.training
    fake.send(training.job, training.started)
    first = studio.record(run)
    look(fake, first)
    training.refused = True
    training.tick(2)
    assert told(first) == list(range(1, 7))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(run, elsewhere)
    fake.send(training.job, replace(training.started, run=elsewhere, step=6))
    second = studio.record(elsewhere)
    assert told(second) == list(range(1, 7))
    look(fake, second)
    training.tick(2)
    assert told(second) == list(range(1, 9)), "what the old disk refused is there"
    assert told(first) == list(range(1, 7))


def test_events_and_lines_give_equal_figures() -> None:
    steps = [TrainStep(1, 0.5, math.inf, 1e-4), TrainStep(2, math.nan, 1.0, 2e-4)]
    tick = replace(TICK, step=2, loss_by_t=(math.nan, *TICK.loss_by_t[1:]))
    lines: list[dict[str, Any]] = [
        {"step": 1, "loss": 0.5, "grad_norm": None, "lr": 1e-4},
        {
            "step": 2,
            "loss": None,
            "grad_norm": 1.0,
            "lr": 2e-4,
            "images_per_second": 64.0,
            "memory_bytes": 2**20,
            "cpu_load": 0.25,
            "device_load": None,
            "loss_by_t": [None] + [0.5] * (BINS - 1),
            "held_out_loss": 0.25,
            "held_out_bits": None,
        },
    ]
    events = MetricArrays.from_training_events(
        [*steps, HeldOutMeasured(2, 0.25, math.nan, 8, 8, 10), tick]
    )
    written = MetricArrays.from_lines(lines)
    for name in ("steps", "ticks", "loss_by_t", "held_out"):
        np.testing.assert_array_equal(getattr(events, name), getattr(written, name))


def test_a_training_here_is_drawn_without_reading_what_it_writes(
    qtbot: QtBot, backend: Backend, studio: Studio, picture_folder: Path, reads: list[Path]
) -> None:
    studio.open_data([picture_folder])
    qtbot.waitUntil(lambda: studio.dataset is not None, timeout=WAIT)
    request = TrainRequest(
        steps=100_000, batch_size=4, timesteps=20, sample_count=0, held_out=0.3, device="cpu"
    )
    studio.trainer.start(request)
    qtbot.waitUntil(lambda: studio.run_view is not None, timeout=WAIT)
    assert studio.run is not None
    record = studio.record(studio.run)
    changed: list[int] = []
    record.changed.connect(lambda: changed.append(record.last_step))
    qtbot.waitUntil(lambda: record.loaded and record.last_step > 0, timeout=WAIT)
    reads.clear()
    begun, seen = record.last_step, len(changed)
    qtbot.waitUntil(lambda: len(changed) > seen + 2, timeout=WAIT)
    assert record.last_step > begun
    assert not reads
    studio.trainer.stop()
    qtbot.waitUntil(lambda: studio.training is None, timeout=WAIT)
    lines = list(metrics.read(studio.run / "metrics.jsonl"))
    qtbot.waitUntil(lambda: record.last_step == lines[-1]["step"], timeout=WAIT)
    assert record.losses.steps.tolist() == [line["step"] for line in lines]
    assert record.losses.means.tolist() == [line["loss"] for line in lines]
    written = history.read_run_update(studio.run, metrics.FilePosition()).figures
    assert len(written.ticks) > 2
    np.testing.assert_array_equal(record.loss_by_t[1], written.loss_by_t)
    np.testing.assert_allclose(
        record.series("images_per_second")[1], written.ticks[:, 1], atol=1e-3
    )
