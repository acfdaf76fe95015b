"""Training and drawing on a GPU, from the pictures to the run folder."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from ddpm_studio.jobs import ModelStore, interpolate, load_picture, sample, train
from ddpm_studio.jobs.events import Notice, Progress, RunStarted, TrainTick
from ddpm_studio.jobs.machine import compiling
from ddpm_studio.jobs.machine.device import memory_bytes
from ddpm_studio.jobs.machine.load import LoadMeter
from ddpm_studio.requests import InterpolateRequest, PrepareOptions, SampleRequest
from ddpm_studio.runs import RunFolder
from tests.jobs.conftest import REQUEST, finish

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

ON_GPU = REQUEST.model_copy(update={"device": "cuda", "precision": "auto", "steps": 12})
GIB = 1 << 30


@pytest.fixture(scope="module")
def gpu_run(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> Path:
    run = tmp_path_factory.mktemp("gpu") / "bars"
    finish(train([pictures], run, ON_GPU, PrepareOptions()))
    return run


@pytest.fixture
def _little_memory() -> Iterator[None]:
    """Limit this process to one GiB of GPU memory beyond what is reserved now."""
    gc.collect()
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + GIB) / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_run_of_the_gpu_is_told_of_and_goes_on_on_the_cpu(pictures: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    events, result = finish(train([pictures], run, ON_GPU, PrepareOptions()))
    assert result.step == 12
    started = next(event for event in events if isinstance(event, RunStarted))
    assert started.device == torch.cuda.get_device_name()
    ticks = [event for event in events if isinstance(event, TrainTick)]
    assert ticks[-1].memory_bytes > 0
    further = ON_GPU.model_copy(update={"device": "cpu", "steps": 14})
    _, result = finish(train([], run, further, PrepareOptions(), resume=True))
    assert result.step == 14


@pytest.mark.usefixtures("gpu_run")
def test_two_deterministic_runs_agree_bit_for_bit(pictures: Path, tmp_path: Path) -> None:
    """Runs agree although earlier work on the GPU leaves state in cuBLAS and torch."""
    request = ON_GPU.model_copy(update={"deterministic": True})
    weights = []
    for name in ("one", "two"):
        finish(train([pictures], tmp_path / name, request, PrepareOptions()))
        weights.append(RunFolder.open(tmp_path / name).newest().load("ema"))
    for key, value in weights[0].items():
        assert torch.equal(weights[1][key], value), key


@pytest.mark.usefixtures("_little_memory")
def test_a_batch_that_does_not_fit_the_gpu_is_divided(pictures: Path, tmp_path: Path) -> None:
    request = ON_GPU.model_copy(update={"batch_size": 4096, "steps": 6, "sample_count": 0})
    events, result = finish(train([pictures], tmp_path / "run", request, PrepareOptions()))
    told = [e.text for e in events if isinstance(e, Notice) and "does not suffice" in e.text]
    assert told
    assert result.step == 6
    assert np.isfinite(result.loss)


@pytest.mark.usefixtures("_little_memory")
def test_drawing_takes_what_fits_the_gpu(gpu_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ddpm_studio.jobs.drawing.evaluator.batch_limit", lambda *_: 20_000)
    request = SampleRequest(run=gpu_run, count=6000, steps=3, frames=2)
    assert finish(sample(request, ModelStore()))[1].pictures.shape[0] == 6000


def test_the_same_seed_draws_the_same_pictures(gpu_run: Path, pictures: Path) -> None:
    models = ModelStore()
    request = SampleRequest(run=gpu_run, count=4, seed=3)
    drawn = [finish(sample(request, models))[1].pictures for _ in range(2)]
    assert np.array_equal(*drawn)
    both = [load_picture(pictures / name, gpu_run) for name in ("1.png", "8.png")]
    mixed = InterpolateRequest(run=gpu_run, t=10, steps_lambda=3)
    ends = [finish(interpolate(mixed, both, models))[1].pictures for _ in range(2)]
    assert np.array_equal(*ends)


def test_a_network_is_compiled_where_that_pays(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("triton")
    monkeypatch.setattr(compiling, "_DEFAULT_SECONDS", 0.0)
    monkeypatch.setattr(compiling, "_MIN_GAIN", 0.0)
    request = ON_GPU.model_copy(update={"steps": 40, "sample_count": 0, "timesteps": 200})
    events, result = finish(train([pictures], tmp_path / "run", request, PrepareOptions()))
    assert any(isinstance(e, Progress) and "Compiling" in e.text for e in events)
    assert any(isinstance(e, Notice) and "is compiled" in e.text for e in events), [
        e.text for e in events if isinstance(e, Notice)
    ]
    assert result.step == 40
    monkeypatch.setattr(compiling, "_MIN_EVALUATIONS", 20)
    seed = SampleRequest(run=tmp_path / "run", count=4, seed=3, steps=200)
    compiled = finish(sample(seed, ModelStore()))[1].pictures.astype(int)
    monkeypatch.setattr(compiling, "_MIN_EVALUATIONS", 1000)
    plain = finish(sample(seed, ModelStore()))[1].pictures.astype(int)
    assert np.abs(compiled - plain).mean() < 12, "bf16 adds up in another order"


def test_load_and_memory_can_be_told() -> None:
    held = torch.zeros(1 << 20, device="cuda")
    assert memory_bytes(held.device) >= 4 << 20
    load = LoadMeter(held.device).device()
    assert load is None or 0 <= load <= 1
