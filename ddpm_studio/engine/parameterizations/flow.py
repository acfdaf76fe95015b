"""Flow matching (rectified flow) on the linear path from data to noise.

[Lipman et al. 2023; Liu et al. 2023]
"""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, Place, for_network
from ddpm_studio.engine.parameterizations.parameterization import Parameterization

# Scale of the flow time as the network's input: the usual T, as in published flow models.
_LABELS = 1000


class Flow(Parameterization):
    """Flow matching, F = ε − x_0: the velocity of x_u = (1−u) x_0 + u ε, where u = σ/(1+σ).

    c_in = c_skip = 1/(1+σ) = 1 − u, c_out = −σ/(1+σ) = −u, c_noise = 1000 u.
    """

    continuous = True
    from_noise_alone = True

    def target(self, place: Place, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
        """ε − x_0."""
        return noise - x0

    def x0(self, place: Place, x_t: Tensor, prediction: Tensor) -> Tensor:
        """x_u − u F."""
        return self.shown(place, x_t) + self.c_out(place) * prediction

    def c_skip(self, place: Place) -> Coefficient:
        """1 − u."""
        return place.signal / (place.signal + place.noise)

    def c_out(self, place: Place) -> Coefficient:
        """−u."""
        return -place.noise / (place.signal + place.noise)

    def c_in(self, place: Place) -> Coefficient:
        """1 − u: the network's input is x_u."""
        return self.c_skip(place)

    def c_noise(self, place: Place) -> Tensor:
        """1000 u."""
        return for_network(self.c_out(place) * -_LABELS, place.like)

    def shown(self, place: Place, x_t: Tensor) -> Tensor:
        """x_u."""
        return x_t / (place.signal + place.noise)
