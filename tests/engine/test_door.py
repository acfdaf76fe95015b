"""Losses, samplers and measurements call the network only by ``DiffusionProcess.predict``."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import (
    LOSSES,
    SAMPLERS,
    BoundSums,
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    TrainingLoss,
    ddim_inversion,
    finish,
    flow_log_likelihood,
    inpaint,
    measure_bound,
    noise_dequantised_bits,
    progressive_decoding,
)
from ddpm_studio.engine.samplers.run_sampler import run_sampler

LINEAR = NoiseSchedule.linear(20)
X = torch.linspace(-0.9, 0.9, 32).reshape(2, 1, 4, 4)


class Door:
    """Network that asserts that it is called by ``DiffusionProcess.predict``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, channels: int = 1) -> None:
        self.open, self.calls, self.channels = False, 0, channels
        predict = DiffusionProcess.predict

        def opened(process: DiffusionProcess, *args: object) -> Tensor:
            self.open = True
            try:
                return predict(process, *args)  # type: ignore[arg-type]
            finally:
                self.open = False

        monkeypatch.setattr(DiffusionProcess, "predict", opened)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        assert self.open
        self.calls += 1
        return torch.cat([torch.tanh(x) * 0.3] * self.channels, 1)


@pytest.mark.parametrize(
    ("name", "parameterization"),
    # Few-step samplers do not take a network that predicts μ̃.
    [
        (n, p)
        for n in SAMPLERS
        for p in ("eps", "mu", "edm")
        if p != "mu" or not SAMPLERS[n].few_step
    ],
)
def test_samplers(name: str, parameterization: str, monkeypatch: pytest.MonkeyPatch) -> None:
    door, noise = Door(monkeypatch), PictureNoise(0, range(2), "cpu")
    finish(
        run_sampler(SAMPLERS[name], DiffusionProcess(LINEAR, parameterization), door, X, noise, 4)
    )
    assert door.calls


def test_other_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    door, noise = Door(monkeypatch), PictureNoise(0, range(2), "cpu")
    process = DiffusionProcess(LINEAR)
    finish(inpaint(process, door, X, noise, X, torch.eye(4), 5, 2))
    finish(ddim_inversion(process, door, X, 2))
    assert door.calls == 20 + 3 * 5 + 40


@pytest.mark.parametrize("loss", LOSSES)
def test_losses(loss: str, monkeypatch: pytest.MonkeyPatch) -> None:
    learned = not LOSSES[loss].fixed
    door = Door(monkeypatch, 1 + learned)
    process = DiffusionProcess(LINEAR, variance="learned_range" if learned else "fixed_large")
    TrainingLoss(loss)(process, door, X, torch.tensor([0, 19]), X)
    assert door.calls == 1


@pytest.mark.parametrize("parameterization", ["eps", "flow"])
def test_measurements(parameterization: str, monkeypatch: pytest.MonkeyPatch) -> None:
    door, process = Door(monkeypatch), DiffusionProcess(LINEAR, parameterization)
    sums = BoundSums(20, None, [0, 1])
    finish(
        measure_bound(
            process, lambda _: door, lambda numbers: X[list(numbers)], sums, seed=0, batch=40
        )
    )
    list(progressive_decoding(process, door, X[:1], [20, 1], 0))
    flow = finish(flow_log_likelihood(process, door, X.double(), torch.ones_like(X).double(), 0.1))
    noise_dequantised_bits(process, door, X, X, flow)
    assert door.calls > 4
