"""torch.compile: when a network is compiled for a GPU. Compilation itself needs a GPU to test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    Precision,
    Trainer,
    TrainingConfig,
    UNet,
    UNetConfig,
)
from ddpm_studio.engine.networks.norm_silu import group_norm
from ddpm_studio.jobs.events import Progress
from ddpm_studio.jobs.machine import compiling
from ddpm_studio.jobs.machine.compiling import CompileEstimate, DrawingNetwork, TrainingCompiler


@pytest.fixture
def worth(monkeypatch: pytest.MonkeyPatch) -> CompileEstimate:
    """The decision to compile, as if on a GPU, in a process that has compiled nothing yet."""
    monkeypatch.setattr(compiling, "_compiled_keys", set())
    monkeypatch.setattr(compiling, "_failed_keys", set())
    worth = CompileEstimate(UNet(UNetConfig.tiny(16)), 4, "train")
    worth.is_possible = True
    return worth


def test_nothing_is_compiled_on_a_cpu() -> None:
    assert not CompileEstimate(UNet(UNetConfig.tiny(16)), 4, "train").is_possible


def test_it_must_save_more_than_it_takes(worth: CompileEstimate) -> None:
    assert worth(0.1, 1_000_000)
    assert not worth(0.1, 100)


def test_what_it_gained_is_known_the_next_time(worth: CompileEstimate) -> None:
    worth.compile(lambda: None)
    worth.record_gain(1.01)
    assert not worth(0.1, 1_000_000), "it gains next to nothing"
    worth.record_gain(3.0)
    assert worth(0.1, 100), "compiled already, it takes no time"


def test_what_can_not_be_compiled_is_not_tried_again(worth: CompileEstimate) -> None:
    def fail() -> None:
        raise RuntimeError("no compiler")

    with pytest.raises(RuntimeError):
        worth.compile(fail)
    assert not worth(0.1, 1_000_000)


def test_too_little_memory_says_nothing_of_the_next_time(worth: CompileEstimate) -> None:
    def fail() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(torch.OutOfMemoryError):
        worth.compile(fail)
    assert worth(0.1, 1_000_000)


def test_a_kept_file_that_is_damaged_counts_as_none(worth: CompileEstimate, tmp_path: Path) -> None:
    worth.record_gain(3.0)
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


class _Watch:
    """Stand-in for a stopwatch, with a fixed time in seconds or none."""

    def __init__(self, seconds: float | None = None) -> None:
        self.seconds = seconds

    def run(self, call: Callable[[], Any]) -> Any:
        return call()


def test_no_other_size_is_compiled_in_the_midst_of_a_drawing(
    worth: CompileEstimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = UNet(UNetConfig.tiny(16)).eval()
    compiled_for: list[int] = []

    def compiled_network(network: UNet) -> Callable[[Tensor, Tensor], Tensor]:
        def compiled(x: Tensor, t: Tensor) -> Tensor:
            compiled_for.append(len(x))
            return cast(Tensor, network(x, t))

        return compiled

    monkeypatch.setattr(compiling, "compiled_network", compiled_network)
    monkeypatch.setattr(compiling, "CallTimer", _Watch)
    drawing = DrawingNetwork(network, lambda network, x, t: network(x, t), 1_000_000)
    drawing._timer, drawing._estimate = _Watch(1.0), worth  # type: ignore[assignment]
    with torch.no_grad():
        for count in (4, 4, 2, 4):
            x, t = torch.randn(count, 3, 16, 16), torch.arange(count)
            assert torch.equal(drawing(x, t), network(x, t))
    assert compiled_for == [4, 4]


def _compiling(precision: Precision) -> tuple[Trainer, TrainingCompiler]:
    config = TrainingConfig(batch_size=2, precision=precision)
    process = DiffusionProcess(NoiseSchedule.linear(10))
    pictures = np.zeros((2, 16, 16, 3), np.uint8)
    trainer = Trainer(UNet(UNetConfig.tiny(16)), process, pictures, config)
    compiling = TrainingCompiler(trainer, 1_000_000, allowed=True)
    compiling._estimate.is_possible = True
    compiling._timer = _Watch(1.0)  # type: ignore[assignment]
    return trainer, compiling


def test_what_is_gained_in_one_precision_is_not_believed_of_the_other(
    worth: CompileEstimate,
) -> None:
    exact, half = (_compiling(precision)[1]._estimate for precision in ("float32", "bf16"))
    exact.record_gain(1.0)
    assert not exact(0.1, 1_000_000)
    assert half(0.1, 1_000_000)


def test_nothing_is_found_of_a_network_that_is_plain_again(
    worth: CompileEstimate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compiling, "CallTimer", lambda: _Watch(1.0))
    monkeypatch.setattr(
        "ddpm_studio.engine.device.accelerator.compiled_network", lambda n: n.forward
    )
    trainer, job = _compiling("float32")
    assert [type(event) for event in job.after_step()] == [Progress]
    assert trainer.accelerator.compiled
    trainer.accelerator.plain()
    assert list(job.after_step()) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_norm_that_is_compiled_is_group_norm(
    dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    norm = torch.nn.GroupNorm(4, 12, eps=1e-6)
    torch.nn.init.normal_(norm.weight)
    torch.nn.init.normal_(norm.bias)
    # A mean far from 0, to detect cancellation, as in E[x²] − E[x]².
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
