"""Pairs of noise levels (σ, r) with r < σ, whose gap shrinks over the training (ECT's schedule).

r/σ = 1 − n(σ)/q^a with n(σ) = 1 + k/(1 + e^{bσ}), a = 1, 2, … the stage, and r = 0 where that is
below 0 [Geng et al. 2024, §3.2 and appendix]. At r = 0 the target is x_0, as for a diffusion model.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_number, check_positive
from ddpm_studio.engine.process import DiffusionProcess
from ddpm_studio.engine.sigma_sampling import LogNormalSigma


@dataclass(frozen=True)
class ConsistencyConfig:
    """Hyperparameters of consistency tuning: pairs and loss; defaults are the paper's.

    Args:
        stage_steps: optimiser steps of each stage.
        stages: number of stages; the last one continues without end.
        q: factor by which the gap between σ and r shrinks from stage to stage.
        k: how much wider the gap is at small σ.
        b: how fast that widening decays with σ.
        c: constant of the pseudo-Huber loss, on the scale of one pixel's error.
        p_mean: mean of ln σ.
        p_std: standard deviation of ln σ.

    Raises:
        ValueError: if a number is out of range.
    """

    stage_steps: int
    stages: int = 8
    q: float = 2.0
    k: float = 8.0
    b: float = 1.0
    c: float = 0.00054
    p_mean: float = -1.1
    p_std: float = 2.0

    def __post_init__(self) -> None:
        check_integer("the steps of a stage", self.stage_steps, 1)
        check_integer("the number of stages", self.stages, 1)
        check_number("q", self.q, 1)
        check_number("k", self.k, 0)
        check_number("b", self.b, 0)
        check_positive("c", self.c)

    def stage(self, step: int) -> int:
        """The stage 1, 2, … of optimiser step 0, 1, …"""
        return min(1 + step // self.stage_steps, self.stages)

    def lower_level(self, sigma: Tensor, stage: int) -> Tensor:
        """The lower level r ≥ 0 of each σ, shape of σ."""
        gap = (1 + self.k * torch.sigmoid(-self.b * sigma)) / self.q**stage
        return sigma * (1 - gap).clamp(min=0)


class Pairs:
    """Sampler of level pairs: σ for a continuous network, else the nearest indices of the schedule.

    Two indices differ by at least one, and −1 stands for σ = 0.

    Args:
        process: the diffusion process whose levels are sampled.
        config: distribution of σ and schedule of the gap.
        device: device of the random numbers.
    """

    def __init__(
        self, process: DiffusionProcess, config: ConsistencyConfig, device: torch.device
    ) -> None:
        self.process, self.config = process, config
        self._sigma = LogNormalSigma(
            process.schedule.T, device, mean=config.p_mean, std=config.p_std
        )

    def draw(self, count: int, step: int, generator: torch.Generator) -> Tensor:
        """Sample pairs (level, lower level), shape (count, 2), for optimiser step 0, 1, …

        They are σ > 0 and r ≥ 0, float32; or indices in 0..T−1 and −1..T−2, int64.
        """
        sigma, _ = self._sigma.draw(count, generator)
        r = self.config.lower_level(sigma, self.config.stage(step))
        if self.process.form.continuous:
            return torch.stack([sigma, r], 1)
        index = self.process.index_of(sigma)
        lower_level = self.process.index_of(r.clamp(min=torch.finfo(r.dtype).tiny))
        lower_level = torch.where(r > 0, torch.minimum(lower_level, index - 1), -1)
        return torch.stack([index, lower_level], 1)
