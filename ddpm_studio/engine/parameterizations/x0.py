"""x_0-prediction: the network predicts the clean picture [DDPM §3.2]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, LevelCoefficients
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class X0(Parameterization):
    """x_0-prediction, F = x_0: c_skip = 0, c_out = 1."""

    supports_zero_terminal_snr = True

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """x_0."""
        return x0

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """x̂_0 = F."""
        return prediction

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """0."""
        return 0.0

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """1."""
        return 1.0
