from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import BINS
from ddpm_studio.jobs.library.history import read_run_update
from ddpm_studio.jobs.library.metric_arrays import STEP_COLUMNS, TICK_COLUMNS
from ddpm_studio.jobs.machine.load import LoadMeter
from ddpm_studio.runs.metrics import FilePosition
from tests.jobs.conftest import REQUEST


def test_what_a_run_has_written_comes_back_as_arrays(run: Path) -> None:
    news = read_run_update(run, FilePosition())
    lines = [json.loads(line) for line in (run / "metrics.jsonl").open()]
    for column, name in enumerate(STEP_COLUMNS):
        assert news.figures.steps[:, column].tolist() == [line[name] for line in lines]
    last = lines[-1]
    assert news.figures.ticks[-1, 0] == REQUEST.steps
    for column, name in enumerate(TICK_COLUMNS[1:4], 1):
        assert news.figures.ticks[-1, column] == last[name]
    assert last["device_load"] is None, "there is no GPU whose load could be told"
    assert math.isnan(news.figures.ticks[-1, 4])
    assert 0 <= last["cpu_load"] <= 1
    assert news.figures.loss_by_t.shape == (len(news.figures.ticks), BINS)
    known = [value for value in last["loss_by_t"] if value is not None]
    row = news.figures.loss_by_t[-1]
    assert row[np.isfinite(row)].tolist() == known
    assert news.checkpoint == REQUEST.steps
    # The preview of the last step, and on a slow machine some of earlier steps.
    assert news.previews[-1].name == f"step-{REQUEST.steps:08d}.png"
    assert set(news.previews) == set((run / "samples").glob("*.png"))
    assert not news.more
    assert not len(read_run_update(run, news.position).figures.steps)


def test_an_older_run_is_read_with_what_it_has(run: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.mkdir()
    (old / "run.json").write_bytes((run / "run.json").read_bytes())
    tick = {"images_per_second": 3.5, "memory_bytes": 8, "loss_by_t": [0.5, None] * 5}
    lines = [{"step": 1, "loss": 0.9}, {"step": 2, "loss": None, **tick}]
    (old / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    news = read_run_update(old, FilePosition())
    assert news.figures.steps.shape == (2, 4)
    assert news.figures.steps[0, :2].tolist() == [1, 0.9]
    assert np.isnan(news.figures.steps[:, 2:]).all()
    assert news.figures.ticks[0, :3].tolist() == [2, 3.5, 8]
    assert np.isnan(news.figures.ticks[0, 3:]).all()
    assert np.nan_to_num(news.figures.loss_by_t[0], nan=-1).tolist() == [0.5, 0.5, -1, -1] * 5
    assert news.checkpoint is None


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudioError):
        read_run_update(tmp_path, FilePosition())


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without a GPU")
def test_a_gpu_that_can_not_tell_its_load_is_asked_once() -> None:
    meter = LoadMeter(torch.device("cuda"))
    assert meter.device() is None
    assert LoadMeter(torch.device("cpu")).device() is None
