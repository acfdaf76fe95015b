"""Current CUDA device and free memory, tested without a GPU by means of torch's own validation."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from ddpm_studio.jobs.machine.device import make_current
from ddpm_studio.jobs.machine.ranks.rank_plan import RankPlan
from ddpm_studio.jobs.training.batching import free_bytes


@pytest.fixture
def current(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """List of the indices of the CUDA devices that are made current, as torch parses them."""
    made: list[int] = []

    def set_device(device: torch.device) -> None:
        made.append(torch.cuda._utils._get_device_index(device))

    monkeypatch.setattr(torch.cuda, "set_device", set_device)
    return made


def test_torch_refuses_a_gpu_without_a_number(current: list[int]) -> None:
    with pytest.raises(ValueError, match="specified index"):
        torch.cuda.set_device(torch.device("cuda"))


@pytest.mark.parametrize(("name", "made"), [("cuda", []), ("cuda:1", [1]), ("cpu", [])])
def test_one_process_computes_on_the_gpu_that_it_is_given(
    current: list[int], name: str, made: list[int]
) -> None:
    """A job of a single process makes an indexed GPU current, by either of its two code paths."""
    with RankPlan.single(torch.device(name)).start_or_join("train", None) as team:
        assert team is None
    assert current == made
    make_current(torch.device(name))
    assert current == 2 * made


def test_what_torch_keeps_of_freed_memory_counts_as_free(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Callable[[torch.device], object]] = {
        "mem_get_info": lambda _: (25, 80),
        "memory_reserved": lambda _: 54,
        "memory_allocated": lambda _: 4,
    }
    for name, said in told.items():
        monkeypatch.setattr(torch.cuda, name, said)
    assert free_bytes(torch.device("cuda")) == 75
