"""When a network is compiled for a GPU; compiling itself is tested on one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from ddpm_studio.engine import UNet, UNetConfig
from ddpm_studio.engine.norm_silu import group_norm
from ddpm_studio.jobs import compiling
from ddpm_studio.jobs.compiling import DrawingNetwork, Worth


@pytest.fixture
def worth(monkeypatch: pytest.MonkeyPatch) -> Worth:
    """As if on a GPU, in a process that has compiled nothing."""
    monkeypatch.setattr(compiling, "_here", set())
    worth = Worth(UNet(UNetConfig.tiny(16)), 4, "train")
    worth.possible = True
    return worth


def test_nothing_is_compiled_on_a_cpu() -> None:
    assert not Worth(UNet(UNetConfig.tiny(16)), 4, "train").possible


def test_it_must_save_more_than_it_takes(worth: Worth) -> None:
    assert worth(0.1, 1_000_000)
    assert not worth(0.1, 100)


def test_what_it_gained_is_known_the_next_time(worth: Worth) -> None:
    worth.compile(lambda: None)
    worth.found(1.01)
    assert not worth(0.1, 1_000_000), "it gains next to nothing"
    worth.found(3.0)
    assert worth(0.1, 100), "compiled already, it takes no time"


def test_what_can_not_be_compiled_is_not_tried_again(worth: Worth) -> None:
    def fail() -> None:
        raise RuntimeError("no compiler")

    with pytest.raises(RuntimeError):
        worth.compile(fail)
    assert not worth(0.1, 1_000_000)


def test_too_little_memory_says_nothing_of_the_next_time(worth: Worth) -> None:
    def fail() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        worth.compile(fail)
    assert worth(0.1, 1_000_000)


def test_a_kept_file_that_is_damaged_counts_as_none(worth: Worth, tmp_path: Path) -> None:
    worth.found(3.0)
    (file,) = tmp_path.rglob("compiled.json")
    file.write_text(json.dumps({key: {"seconds": "x"} for key in _entries(file)}))
    assert worth(0.1, 1_000_000)


def _entries(file: Path) -> dict[str, Any]:
    entries: dict[str, Any] = json.loads(file.read_text())
    return entries


def test_on_a_cpu_a_drawing_network_is_the_network() -> None:
    network = UNet(UNetConfig.tiny(16)).eval()
    drawing = DrawingNetwork(network, lambda network, x, t: network(x, t), 1000)
    x, t = torch.randn(2, 3, 16, 16), torch.tensor([1, 2])
    with torch.no_grad():
        assert torch.equal(drawing(x, t), network(x, t))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_that_is_compiled_is_group_norm(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(4, 12, eps=1e-6)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    # A mean far from 0 would show a variance from the difference of two large numbers.
    x = (torch.randn(2, 12, 5, 7) + 300).to(dtype).contiguous(memory_format=torch.channels_last)
    expected = torch.nn.functional.group_norm(
        x.double(), 4, norm.weight.double(), norm.bias.double(), 1e-6
    )
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    y = group_norm(norm, x)
    assert y.dtype == dtype
    assert y.is_contiguous(memory_format=torch.channels_last)
    within = 1e-4 if dtype == torch.float32 else 1e-2
    torch.testing.assert_close(y.double(), expected, rtol=within, atol=within)
