"""Current CUDA device and free memory, tested without a GPU by means of torch's own validation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.machine.device import current as current_device
from ddpm_studio.jobs.machine.device import make_current
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.training.batching import free_bytes


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List of the indices of the CUDA devices that are made current, as torch parses them.

    The first one is 0, as in torch.
    """
    made = [0]

    def set_device(device: torch.device | int) -> None:
        made.append(torch.cuda._utils._get_device_index(device))

    monkeypatch.setattr(torch.cuda, "set_device", set_device)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: made[-1])
    return made


def test_torch_refuses_a_gpu_without_a_number(current: list[int]) -> None:
    with pytest.raises(ValueError, match="specified index"):
        torch.cuda.set_device(torch.device("cuda"))


@pytest.mark.parametrize(("name", "index"), [("cuda", 0), ("cuda:1", 1), ("cpu", 0)])
def test_one_process_computes_on_the_gpu_that_it_is_given(
    current: list[int], name: str, index: int
) -> None:
    """A job of a single process makes an indexed GPU current, by either of its two code paths."""
    with RankPlan.single(torch.device(name)).start_or_join("train", None) as team:
        assert team is None
        assert current[-1] == index
    assert current[-1] == 0, "as before"
    make_current(torch.device(name))
    assert current[-1] == index


def test_a_job_during_another_on_the_same_gpu_may_end_after_it(current: list[int]) -> None:
    """As bits/dim that are measured while a training ends: the first GPU is current again."""
    gpu = torch.device("cuda", 1)
    training, measuring = current_device(gpu), current_device(gpu)
    training.__enter__()
    measuring.__enter__()
    training.__exit__(None, None, None)
    assert current[-1] == 0
    measuring.__exit__(None, None, None)
    assert current[-1] == 0


def test_a_model_in_the_cache_is_that_of_the_gpu_it_was_loaded_on(
    current: list[int], monkeypatch: pytest.MonkeyPatch, run: Path
) -> None:
    """Which GPU is current changes with the jobs; noise is drawn on the model's device."""

    def to(module: torch.nn.Module, device: torch.device, **_: object) -> torch.nn.Module:
        where[id(module)] = torch.cuda._utils._get_device_index(device, optional=True)
        return module

    where: dict[int, int] = {}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "to", to)
    models = ModelStore()
    first = models.get(run, "ema", "cuda")
    with RankPlan.single(torch.device("cuda", 1)).start_or_join("train", None):
        during = models.get(run, "ema", "cuda")
        assert (during.device, where[id(during.network)]) == (torch.device("cuda", 1), 1)
    after = models.get(run, "ema", "cuda")
    assert after is first
    assert (after.device, where[id(after.network)]) == (torch.device("cuda", 0), 0)


def test_what_torch_keeps_of_freed_memory_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Callable[[torch.device], object]] = {
        "mem_get_info": lambda _: (25, 80),
        "memory_reserved": lambda _: 54,
        "memory_allocated": lambda _: 4,
    }
    for name, said in told.items():
        monkeypatch.setattr(torch.cuda, name, said)
    assert free_bytes(torch.device("cuda")) == 75
