"""μ̃, the mean of the step back [DDPM §3.2]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, IndexPlace, Place, SigmaPlace
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class Mu(Parameterization):
    """F = μ̃_t(x_t, x_0), which is of one step t → t − 1 of the schedule that it was trained with.

    Where x̂_0 is clipped, the mean of such a step stays F and x̂_0 alone is changed, as in the
    DDPM code. A longer step of a strided schedule has another mean, formed of x̂_0 as from any
    other prediction. x̂_0 is F less nearly all of itself: at T = 1000 an error of F counts
    thousands of times in it and about a hundred times in ε̂, so with few steps a network that is
    not yet exact, or one that computes in bf16, draws noisier pictures than if it predicted ε.
    """

    predicts_mean = True
    from_noise_alone = True

    def target(self, place: Place, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
        """μ̃_t(x_t, x_0) [DDPM eq. 7]."""
        return place.trained_x0 * x0 + place.trained_x_t * x_t

    def x0(self, place: Place, x_t: Tensor, prediction: Tensor) -> Tensor:
        """Equation 7 solved for x_0."""
        return (prediction - place.trained_x_t * x_t) / place.trained_x0

    def x0_between(
        self, x: Tensor, x_t: Tensor, near: IndexPlace, here: SigmaPlace, prediction: Tensor
    ) -> Tensor:
        """x̃ − σε with the ε that F stands for at its label, whose step it is of."""
        return x - here.sigma * self.eps(near, x_t, self.x0(near, x_t, prediction))

    def c_skip(self, place: Place) -> Coefficient:
        """−√ᾱ times the coefficient of x_t in μ̃ over that of x_0."""
        return -place.trained_x_t * place.signal / place.trained_x0

    def c_out(self, place: Place) -> Coefficient:
        """1 over the coefficient of x_0 in μ̃."""
        return 1 / place.trained_x0

    def weight(self, place: Place) -> Coefficient:
        """The square of the coefficient of x_0 in μ̃."""
        return place.trained_x0**2
