"""β_1 … β_T of the named noise schedules; index i stands for the paper's t = i + 1."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_number
from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START


def linear(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Linear schedule: β rises linearly, ends included [DDPM §4]."""
    _check_timesteps(T, beta_start, beta_end)
    return torch.linspace(beta_start, beta_end, T, dtype=torch.float64)


def linear_scaled(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Linear schedule scaled by 1000/T, so that ᾱ_T hardly depends on T [IDDPM code].

    Raises:
        ValueError: if T is so small that β reaches 1.
    """
    _check_timesteps(T, beta_start, beta_end)
    highest = 1000 * max(beta_start, beta_end)
    if highest >= T:
        raise ValueError(f"linear_scaled needs T above {highest:.0f}, not {T}")
    return linear(T, beta_start, beta_end) * (1000 / T)


def quadratic(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Quadratic schedule: √β rises linearly [DDPM code, "quad"]."""
    _check_timesteps(T, beta_start, beta_end)
    return torch.linspace(beta_start**0.5, beta_end**0.5, T, dtype=torch.float64).square()


def constant(T: int, beta: float = BETA_END) -> Tensor:
    """Constant schedule: the same β throughout [DDPM code, "const"]."""
    _check_timesteps(T, beta)
    return torch.full((T,), beta, dtype=torch.float64)


def reciprocal(T: int, max_beta: float = 0.999) -> Tensor:
    """Reciprocal schedule: β_t = 1/(T − t + 1) [Sohl-Dickstein et al. 2015; DDPM code, "jsd"].

    The last β, which would be 1, is clipped at ``max_beta``.
    """
    _check_timesteps(T, max_beta)
    return (1 / torch.arange(T, 0, -1, dtype=torch.float64)).clamp_max(max_beta)


def cosine(T: int, s: float = 0.008, max_beta: float = 0.999) -> Tensor:
    """Cosine schedule: ᾱ_t follows a squared cosine, β clipped at ``max_beta`` [IDDPM eq. 17]."""
    _check_timesteps(T, max_beta)
    check_number("s", s, 0)

    def alpha_bar(u: float) -> float:
        return math.cos((u + s) / (1 + s) * math.pi / 2) ** 2

    betas = [min(1 - alpha_bar((i + 1) / T) / alpha_bar(i / T), max_beta) for i in range(T)]
    return torch.tensor(betas, dtype=torch.float64)


def sigmoid(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Sigmoid schedule: β follows a sigmoid over −6..6 between both ends [GeoDiff]."""
    _check_timesteps(T, beta_start, beta_end)
    ramp = torch.sigmoid(torch.linspace(-6, 6, T, dtype=torch.float64))
    return ramp * (beta_end - beta_start) + beta_start


def warmup10(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Warm-up schedule: linear β over the first tenth, then constant [DDPM code, "warmup10"]."""
    return _warmup(T, beta_start, beta_end, 0.1)


def warmup50(T: int, beta_start: float = BETA_START, beta_end: float = BETA_END) -> Tensor:
    """Warm-up schedule: linear β over the first half, then constant [DDPM code, "warmup50"]."""
    return _warmup(T, beta_start, beta_end, 0.5)


def _warmup(T: int, beta_start: float, beta_end: float, fraction: float) -> Tensor:
    _check_timesteps(T, beta_start, beta_end)
    ramp = torch.linspace(beta_start, beta_end, int(T * fraction), dtype=torch.float64)
    return torch.cat([ramp, constant(T - len(ramp), beta_end)])


def _check_timesteps(T: int, *betas: float) -> None:
    check_integer("T", T, 1)
    for beta in betas:
        if not 0 < beta <= 1:
            raise ValueError(f"β must be above 0 and at most 1, not {beta}")
