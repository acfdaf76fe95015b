"""EDM preconditioning: network input and training target of unit variance at every σ [EDM §5]."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ddpm_studio.engine.checks import check_positive
from ddpm_studio.engine.levels import Coefficient, LevelCoefficients, to_conditioning
from ddpm_studio.engine.parameterizations.parameterization import Parameterization

#: Standard deviation of the data, as published for pictures in [−1, 1].
SIGMA_DATA = 0.5


@dataclass(frozen=True)
class EDM(Parameterization):
    """EDM preconditioning: D(x̃; σ) = c_skip x̃ + c_out F(c_in x̃; ¼ ln σ) [EDM Table 1].

    The mean squared error of F is EDM's loss, with weight (σ²+σ_d²)/(σ σ_d)² on the error of D.

    Args:
        sigma_data: σ_d, the standard deviation of the data.

    Raises:
        ValueError: if σ_d is not above 0.
    """

    sigma_data: float = SIGMA_DATA

    continuous = True

    def __post_init__(self) -> None:
        check_positive("σ_d", self.sigma_data)

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """(x_0 − c_skip x̃)/c_out, without cancellation at small σ."""
        std = self._std(coefficients)
        x0_scale = coefficients.noise / self.sigma_data / std
        noise_scale = self.sigma_data * coefficients.signal / std
        return x0_scale * x0 - noise_scale * noise

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """Denoised D(x̃; σ)."""
        skip = coefficients.signal * (self.sigma_data / self._std(coefficients)) ** 2
        return skip * x_t + self.c_out(coefficients) * prediction

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """σ_d²/(σ²+σ_d²)."""
        return (coefficients.signal * self.sigma_data / self._std(coefficients)) ** 2

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """σ σ_d/√(σ²+σ_d²)."""
        return coefficients.noise * self.sigma_data / self._std(coefficients)

    def c_in(self, coefficients: LevelCoefficients) -> Coefficient:
        """1/√(σ²+σ_d²)."""
        return coefficients.signal / self._std(coefficients)

    def c_noise(self, coefficients: LevelCoefficients) -> Tensor:
        """¼ ln σ."""
        return to_conditioning(coefficients.log_sigma / 4, coefficients.like)

    def network_input(self, coefficients: LevelCoefficients, x_t: Tensor) -> Tensor:
        """c_in x̃."""
        return x_t / self._std(coefficients)

    def _std(self, coefficients: LevelCoefficients) -> Coefficient:
        """√(1−ᾱ + ᾱσ_d²), the standard deviation of x_t."""
        std: Coefficient = (
            coefficients.noise**2 + (self.sigma_data * coefficients.signal) ** 2
        ) ** 0.5
        return std
