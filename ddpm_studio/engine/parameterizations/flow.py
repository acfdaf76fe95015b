"""Flow matching (rectified flow) on the linear path from data to noise.

[Lipman et al. 2023; Liu et al. 2023]
"""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, LevelCoefficients, to_conditioning
from ddpm_studio.engine.parameterizations.parameterization import Parameterization

# Scale of the flow time as the network's input: the usual T, as in published flow models.
_LABELS = 1000


class Flow(Parameterization):
    """Flow matching, F = ε − x_0: the velocity of x_u = (1−u) x_0 + u ε, where u = σ/(1+σ).

    c_in = c_skip = 1/(1+σ) = 1 − u, c_out = −σ/(1+σ) = −u, c_noise = 1000 u.
    """

    continuous = True
    supports_zero_terminal_snr = True

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """ε − x_0."""
        return noise - x0

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """x_u − u F."""
        return self.network_input(coefficients, x_t) + self.c_out(coefficients) * prediction

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """1 − u."""
        return coefficients.signal / (coefficients.signal + coefficients.noise)

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """−u."""
        return -coefficients.noise / (coefficients.signal + coefficients.noise)

    def c_in(self, coefficients: LevelCoefficients) -> Coefficient:
        """1 − u: the network's input is x_u."""
        return self.c_skip(coefficients)

    def c_noise(self, coefficients: LevelCoefficients) -> Tensor:
        """1000 u."""
        return to_conditioning(self.c_out(coefficients) * -_LABELS, coefficients.like)

    def network_input(self, coefficients: LevelCoefficients, x_t: Tensor) -> Tensor:
        """x_u."""
        return x_t / (coefficients.signal + coefficients.noise)
