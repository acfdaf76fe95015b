"""Optimal predictors for Gaussian data, where diffusion has closed forms, and impulse noise.

Tables are recomputed in numpy, so that an error in the engine's own cannot go unnoticed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise

Array = npt.NDArray[np.float64]


def linear_betas(T: int = 1000) -> Array:
    return np.linspace(1e-4, 0.02, T, dtype=np.float64)


def alphas_cumprod(betas: Array | None = None) -> Array:
    return np.cumprod(1 - (linear_betas() if betas is None else betas), dtype=np.float64)


class GaussianDenoiser:
    """Optimal predictor of ε for data N(0, variance): ε*(x_t, t) = E[ε|x_t]."""

    def __init__(self, variance: float = 1.0, betas: Array | None = None) -> None:
        self.variance = variance
        self.table = torch.from_numpy(alphas_cumprod(betas))
        self.calls = 0

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        self.calls += 1
        a = self.table[t].reshape(-1, 1, 1, 1)
        return (1 - a).sqrt() * x / (a * self.variance + 1 - a)


class PointDenoiser:
    """Optimal predictor of ε for data that is one picture of a single value."""

    def __init__(self, value: float, betas: Array | None = None) -> None:
        self.value = value
        self.table = torch.from_numpy(alphas_cumprod(betas))

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        a = self.table[t].reshape(-1, 1, 1, 1)
        return (x - a.sqrt() * self.value) / (1 - a).sqrt()


class TwoHills:
    """Optimal nonlinear predictor E[·|x_t] for pixels from an even mixture of N(±.5, .3²).

    Args:
        parameterization: the predicted quantity, "eps", "x0" or "v".
        variance: "learned" and "learned_range" add output channels that depend on x_t and t.
    """

    def __init__(self, parameterization: str = "eps", variance: str = "") -> None:
        self.parameterization, self.variance = parameterization, variance
        self.table = torch.from_numpy(alphas_cumprod())

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        a = self.table[t].reshape(-1, 1, 1, 1).to(x.dtype)
        total = 0.09 * a + 1 - a
        x0 = (0.09 * a.sqrt() * x + (1 - a) * 0.5 * torch.tanh(a.sqrt() * 0.5 * x / total)) / total
        eps = (x - a.sqrt() * x0) / (1 - a).sqrt()
        v = a.sqrt() * eps - (1 - a).sqrt() * x0
        out = {"eps": eps, "x0": x0, "v": v}[self.parameterization]
        fraction = torch.tanh(x.roll(1, -1) + t.reshape(-1, 1, 1, 1) / 500 - 1)
        match self.variance:
            case "learned_range":
                return torch.cat([out, fraction], 1)
            case "learned":
                return torch.cat([out, fraction - 6], 1)
            case _:
                return out


class ImpulseNoise(PictureNoise):
    """Impulse noise: picture k gets noise 1 at the k-th draw and 0 at all others.

    A linear sampler's output variance is then exactly the sum of its squared outputs.
    """

    def __init__(self, draws: int) -> None:
        super().__init__(0, range(draws), "cpu")
        self._draw = 0

    def draw(self, shape: Sequence[int]) -> Tensor:
        out = torch.zeros((len(self), *shape), dtype=torch.float64)
        if self._draw < len(out):
            out[self._draw] = 1
        self._draw += 1
        return out


def impulses(draws: int) -> tuple[Tensor, ImpulseNoise]:
    """Return x_T and impulse noise: row 0 responds to x_T alone, row k to the k-th draw alone."""
    x = torch.zeros(draws + 1, 1, 1, 1, dtype=torch.float64)
    x[0] = 1
    noise = ImpulseNoise(draws + 1)
    noise.draw((1, 1, 1))
    return x, noise
