"""μ̃-prediction: the network predicts the posterior mean of x_{t−1} [DDPM §3.2]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import (
    Coefficient,
    IndexCoefficients,
    LevelCoefficients,
    SigmaCoefficients,
)
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class Mu(Parameterization):
    """μ̃-prediction, F = μ̃_t(x_t, x_0): the posterior mean of a single step t → t − 1.

    The step is one of the schedule that the network was trained with. Where x̂_0 is clipped, the
    mean of such a step stays F and only x̂_0 is changed, as in the DDPM code. A longer step of a
    strided schedule has another mean, computed from x̂_0 as for any other prediction. x̂_0 follows
    from F by strong cancellation: at T = 1000 an error of F is amplified thousands of times in x̂_0
    and about a hundred times in ε̂, so with few steps a network that is not yet accurate, or one in
    bf16, gives noisier pictures than one that predicts ε.
    """

    predicts_mean = True
    supports_zero_terminal_snr = True

    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """μ̃_t(x_t, x_0) [DDPM eq. 7]."""
        return coefficients.trained_x0 * x0 + coefficients.trained_x_t * x_t

    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """Equation 7 solved for x_0."""
        return (prediction - coefficients.trained_x_t * x_t) / coefficients.trained_x0

    def x0_between(
        self,
        x: Tensor,
        x_t: Tensor,
        at_label: IndexCoefficients,
        at_sigma: SigmaCoefficients,
        prediction: Tensor,
    ) -> Tensor:
        """x̃ − σε, with the ε that F implies at the level of its label."""
        return x - at_sigma.sigma * self.eps(at_label, x_t, self.x0(at_label, x_t, prediction))

    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """−√ᾱ times the coefficient of x_t in μ̃ over that of x_0."""
        return -coefficients.trained_x_t * coefficients.signal / coefficients.trained_x0

    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """Reciprocal of the coefficient of x_0 in μ̃."""
        return 1 / coefficients.trained_x0

    def weight(self, coefficients: LevelCoefficients) -> Coefficient:
        """The square of the coefficient of x_0 in μ̃."""
        return coefficients.trained_x0**2
