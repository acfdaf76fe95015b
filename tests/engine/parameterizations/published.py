"""Formulas of EDM and flow matching in numpy, and their optimal networks for Gaussian data."""

from __future__ import annotations

from torch import Tensor

SIGMA_DATA = 0.5


class BestEDM:
    """Optimal EDM network F* for N(0, variance): D* = x̃·variance/(variance + σ²) [EDM eq. 7]."""

    def __init__(self, variance: float) -> None:
        self.variance, self.calls = variance, 0

    def __call__(self, x: Tensor, c_noise: Tensor) -> Tensor:
        self.calls += 1
        sigma = (4 * c_noise).exp().reshape(-1, *[1] * (x.ndim - 1))
        root = (sigma**2 + SIGMA_DATA**2).sqrt()
        noisy = x * root
        denoised = noisy * self.variance / (self.variance + sigma**2)
        skip = SIGMA_DATA**2 / (sigma**2 + SIGMA_DATA**2)
        return (denoised - skip * noisy) * root / (sigma * SIGMA_DATA)


class BestFlow:
    """Optimal flow-matching network E[ε − x_0|x_u] for data N(0, variance)."""

    def __init__(self, variance: float) -> None:
        self.variance, self.calls = variance, 0

    def __call__(self, x: Tensor, c_noise: Tensor) -> Tensor:
        self.calls += 1
        u = (c_noise / 1000).reshape(-1, *[1] * (x.ndim - 1))
        total = (1 - u) ** 2 * self.variance + u**2
        return (u - (1 - u) * self.variance) / total * x


BEST: dict[str, type[BestEDM] | type[BestFlow]] = {"edm": BestEDM, "flow": BestFlow}
