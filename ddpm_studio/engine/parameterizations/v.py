"""v-prediction: the network predicts a mix of ε and x_0 [Salimans & Ho 2022]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, LevelCoefficients
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class V(Parameterization):
    """v-prediction, F = v = √ᾱ ε − √(1−ᾱ) x_0: c_skip = ᾱ, c_out = −√(1−ᾱ)."""

    supports_zero_terminal_snr = True

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """√ᾱ ε − √(1−ᾱ) x_0."""
        return coefficients.signal * noise - coefficients.noise * x0

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """√ᾱ x_t − √(1−ᾱ) v."""
        return coefficients.signal * x_t - coefficients.noise * prediction

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """ᾱ."""
        return coefficients.signal**2

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """−√(1−ᾱ)."""
        return -coefficients.noise

    def weight(self, coefficients: LevelCoefficients) -> Coefficient:
        """1/(1−ᾱ)."""
        return 1 / coefficients.noise_variance
