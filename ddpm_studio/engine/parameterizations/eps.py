"""ε-prediction: the network predicts the noise [DDPM §3.2]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import (
    Coefficient,
    IndexCoefficients,
    LevelCoefficients,
    SigmaCoefficients,
)
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class Eps(Parameterization):
    """ε-prediction, F = ε: c_skip = 1, c_out = −σ; the weight on x̂_0 is the SNR [DDPM eq. 14]."""

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """ε."""
        return noise

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """(x_t − √(1−ᾱ) ε)/√ᾱ [DDPM eq. 15]."""
        return coefficients.recip_signal * x_t - coefficients.sigma * prediction

    def x0_between(
        self,
        x: Tensor,
        x_t: Tensor,
        at_label: IndexCoefficients,
        at_sigma: SigmaCoefficients,
        prediction: Tensor,
    ) -> Tensor:
        """x̃ − σε, from x̃ directly rather than recomputed from x_t."""
        return x - at_sigma.sigma * prediction

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """1."""
        return 1.0

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """−σ."""
        return -coefficients.sigma

    def weight(self, coefficients: LevelCoefficients) -> Coefficient:
        """Signal-to-noise ratio."""
        return coefficients.snr
