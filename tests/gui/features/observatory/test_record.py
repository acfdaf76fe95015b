from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from ddpm_studio.backend import Backend
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot
from ddpm_studio.runs import metrics
from tests.gui.panel_help import WAIT


def test_a_run_that_another_process_writes_is_followed(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "elsewhere"
    shutil.copytree(tiny_run, run)
    file = run / "metrics.jsonl"
    record = RunRecord(backend, run)
    qtbot.waitUntil(lambda: record.loaded, timeout=WAIT)
    assert record.losses.steps.tolist() == [1, 2, 3, 4]
    assert not record.is_watched
    told: list[int] = []
    record.changed.connect(lambda: told.append(len(record.losses.steps)))
    record.poll()
    assert not record.is_live
    metrics.append(file, [{"step": 5, "loss": 0.25, "grad_norm": 2, "lr": 1e-4}])
    qtbot.waitUntil(lambda: len(record.losses.steps) == 5, timeout=WAIT)
    qtbot.waitUntil(lambda: record.is_live, timeout=WAIT)
    assert record.series("grad_norm")[1][-1] == 2
    preview = run / "samples" / "step-00000005.png"
    preview.write_bytes(next((run / "samples").glob("*.png")).read_bytes())
    qtbot.waitUntil(lambda: preview in record.previews, timeout=WAIT)
    metrics.truncate(file, 2)
    qtbot.waitUntil(lambda: len(record.losses.steps) == 2, timeout=WAIT)
    assert preview.is_file()
    assert preview not in record.previews, "it is of a branch that was left"
    past = time.time() - 3600
    os.utime(file, (past, past))
    qtbot.waitUntil(lambda: not record.is_live, timeout=WAIT)


def test_a_run_that_is_gone_is_told_once(
    qtbot: QtBot, backend: Backend, tiny_run: Path, tmp_path: Path
) -> None:
    run = tmp_path / "gone"
    shutil.copytree(tiny_run, run)
    record = RunRecord(backend, run)
    qtbot.waitUntil(lambda: record.loaded, timeout=WAIT)
    shutil.rmtree(run)
    with qtbot.waitSignal(record.failed, timeout=WAIT) as told:
        record.poll()
    assert "run" in told.args[0].line
    assert record.losses.steps.tolist() == [1, 2, 3, 4]
    again: list[object] = []
    record.failed.connect(again.append)
    record.poll()
    qtbot.waitUntil(lambda: not backend.jobs, timeout=WAIT)
    assert not again, "a training in memory asks at each of its ticks"
    shutil.copytree(tiny_run, run)
    with qtbot.waitSignal(record.changed, timeout=WAIT):
        record.poll()
    shutil.rmtree(run)
    with qtbot.waitSignal(record.failed, timeout=WAIT):
        record.poll()


def test_a_run_that_is_back_is_followed_again(
    qtbot: QtBot,
    backend: Backend,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The record polls by itself, as long as something is connected to ``changed``."""
    monkeypatch.setattr("ddpm_studio.backend.record._IDLE_POLL_MS", 50)
    run = tmp_path / "gone"
    shutil.copytree(tiny_run, run)
    record = RunRecord(backend, run)
    record.changed.connect(lambda: None)
    qtbot.waitUntil(lambda: record.loaded, timeout=WAIT)
    shutil.rmtree(run)
    with qtbot.waitSignal(record.failed, timeout=WAIT):
        record.poll()
    shutil.copytree(tiny_run, run)
    with qtbot.waitSignal(record.changed, timeout=WAIT):
        pass


def test_a_long_run_takes_no_more_room_and_keeps_its_spikes(
    qtbot: QtBot,
    backend: Backend,
    tiny_run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ddpm_studio.backend.record._MAX_STEPS", 256)
    run = tmp_path / "long"
    shutil.copytree(tiny_run, run)
    file = run / "metrics.jsonl"
    metrics.truncate(file, 0)
    losses = [9.0 if step == 777 else 0.1 + step % 3 for step in range(1, 3001)]
    lines = [
        {"step": step, "loss": loss, "grad_norm": 2, "lr": 1e-4}
        for step, loss in enumerate(losses, 1)
    ]
    metrics.append(file, lines[:2000])
    record = RunRecord(backend, run)
    qtbot.waitUntil(lambda: record.loaded, timeout=WAIT)
    record.changed.connect(lambda: None)
    metrics.append(file, lines[2000:])
    qtbot.waitUntil(lambda: record.last_step == 3000, timeout=WAIT)
    told = record.losses
    assert len(told.steps) <= 256
    assert told.greatest.max() == 9.0
    assert told.counts.sum() == 3000
    assert np.isclose((told.means * told.counts).sum(), sum(losses))
    assert set(record.series("grad_norm")[1]) == {2.0}
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.update_series("long", told)
    plot.show_cursor(float(told.steps[3]))
    assert f"raw {told.least[3]:.4f}–{told.greatest[3]:.4f}" in plot.readout.text()
    plot.show_cursor(3000)
    assert f"raw {losses[-1]:.4f}" in plot.readout.text()
