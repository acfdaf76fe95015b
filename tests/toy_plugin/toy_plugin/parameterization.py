"""A parameterisation: the way between the network's output and x̂_0."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine import Parameterization
from ddpm_studio.engine.levels import Coefficient, LevelCoefficients


class Score(Parameterization):
    """F = ∇ log q(x_t|x_0) = −ε/√(1−ᾱ), the score [Song & Ermon 2019; DDPM §4.2]."""

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """−ε/√(1−ᾱ)."""
        return -noise / coefficients.noise

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """(x_t + (1−ᾱ) F)/√ᾱ, Tweedie's formula."""
        return coefficients.recip_signal * (x_t + coefficients.noise_variance * prediction)

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """1."""
        return 1.0

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """(1−ᾱ)/√ᾱ."""
        return coefficients.noise_variance * coefficients.recip_signal
