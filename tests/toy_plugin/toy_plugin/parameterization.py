"""A parameterisation: the way between the network's output and x̂_0."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine import Parameterization
from ddpm_studio.engine.levels import Coefficient, Place


class Score(Parameterization):
    """F = ∇ log q(x_t|x_0) = −ε/√(1−ᾱ), the score [Song & Ermon 2019; DDPM §4.2]."""

    def target(self, place: Place, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
        """−ε/√(1−ᾱ)."""
        return -noise / place.noise

    def x0(self, place: Place, x_t: Tensor, prediction: Tensor) -> Tensor:
        """(x_t + (1−ᾱ) F)/√ᾱ, Tweedie's formula."""
        return place.recip_signal * (x_t + place.noise_variance * prediction)

    def c_skip(self, place: Place) -> Coefficient:
        """1."""
        return 1.0

    def c_out(self, place: Place) -> Coefficient:
        """(1−ᾱ)/√ᾱ."""
        return place.noise_variance * place.recip_signal
