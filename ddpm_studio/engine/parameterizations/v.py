"""v-prediction: the network predicts a mix of ε and x_0 [Salimans & Ho 2022]."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, Place
from ddpm_studio.engine.parameterizations.parameterization import Parameterization


class V(Parameterization):
    """v-prediction, F = v = √ᾱ ε − √(1−ᾱ) x_0: c_skip = ᾱ, c_out = −√(1−ᾱ)."""

    from_noise_alone = True

    def target(self, place: Place, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
        """√ᾱ ε − √(1−ᾱ) x_0."""
        return place.signal * noise - place.noise * x0

    def x0(self, place: Place, x_t: Tensor, prediction: Tensor) -> Tensor:
        """√ᾱ x_t − √(1−ᾱ) v."""
        return place.signal * x_t - place.noise * prediction

    def c_skip(self, place: Place) -> Coefficient:
        """ᾱ."""
        return place.signal**2

    def c_out(self, place: Place) -> Coefficient:
        """−√(1−ᾱ)."""
        return -place.noise

    def weight(self, place: Place) -> Coefficient:
        """1/(1−ᾱ)."""
        return 1 / place.noise_variance
