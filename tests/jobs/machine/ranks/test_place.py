"""Error of a rank that has no GPU of its own."""

from __future__ import annotations

import pytest
import torch

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine import device as devices
from ddpm_studio.jobs.machine.ranks.place import RankPlace


@pytest.mark.parametrize(("gpus", "told"), [(1, "1 GPU"), (2, "2 GPUs")])
def test_more_ranks_than_gpus_are_refused(
    monkeypatch: pytest.MonkeyPatch, gpus: int, told: str
) -> None:
    monkeypatch.setattr(devices, "choose_device", lambda asked: torch.device("cuda"))
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    rank = RankPlace(2, 3, 2, 3, "localhost", 1, hosts=False)
    with pytest.raises(StudioError, match=f"has {told}, and rank 2 is its number 3"):
        rank.choose_device("auto")
