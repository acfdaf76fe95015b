"""Exact consistency function of Gaussian data N(0, s²).

The probability-flow ODE dx̃/dσ = σ/(s² + σ²) x̃ has the solutions x̃ ∝ √(s² + σ²), so that
f(x̃, σ) = x̃ s/√(s² + σ²). Derived independently here, in terms of σ, so that an error in the
engine's own tables cannot go unnoticed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tests.engine.gaussian import alphas_cumprod

#: The engine's σ_b, for networks that predict x_0.
SIGMA_BOUNDARY = 0.03
LABELLED = ("eps", "x0", "v")
CONTINUOUS = ("edm", "flow")


def exact(x: Tensor, sigma: Tensor, s: float) -> Tensor:
    """Return the exact consistency function f(x̃, σ)."""
    return x * s / (s**2 + sigma**2).sqrt()


class ExactStudent:
    """Network whose consistency function is the exact f.

    Args:
        parameterization: what the network predicts.
        s: standard deviation of the data.
        table: ᾱ by timestep label.
    """

    def __init__(self, parameterization: str, s: float, table: Tensor | None = None) -> None:
        self.parameterization, self.s = parameterization, s
        self.table = torch.from_numpy(alphas_cumprod()) if table is None else table
        self.calls = 0

    def __call__(self, x: Tensor, told: Tensor) -> Tensor:
        self.calls += 1
        told = told.reshape(-1, *[1] * (x.ndim - 1))
        match self.parameterization:
            case "edm":
                sigma = (4 * told.to(x)).exp()
                noisy = x * (sigma**2 + 0.25).sqrt()
                skip = 0.25 / (sigma**2 + 0.25)
                out = sigma * 0.5 / (sigma**2 + 0.25).sqrt()
                return (exact(noisy, sigma, self.s) - skip * noisy) / out
            case "flow":
                u = told.to(x) / 1000
                x0 = exact(x / (1 - u), u / (1 - u), self.s)
                return (x - x0) / u
        a = self.table[told].to(x.dtype)
        sigma, noisy = ((1 - a) / a).sqrt(), x / a.sqrt()
        x0 = exact(noisy, sigma, self.s)
        eps = (x - a.sqrt() * x0) / (1 - a).sqrt()
        match self.parameterization:
            case "x0":
                skip = SIGMA_BOUNDARY**2 / (sigma**2 + SIGMA_BOUNDARY**2)
                return (x0 - skip * noisy) / (1 - skip)
            case "eps":
                return eps
            case _:
                return a.sqrt() * eps - (1 - a).sqrt() * x0
