"""What a parameterisation is: the way between the network's output and x̂_0."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, IndexPlace, Place, SigmaPlace


class Parameterization(ABC):
    """What the network F predicts, and what it is shown [EDM eq. 7].

    In x̃ = x_t/√ᾱ = x_0 + σε all are of one form, linear in F,

        x̂_0 = c_skip·x̃ + c_out·F(c_in·x̃, c_noise),

    so the same error of F counts differently: by ``weight`` for x̂_0's.
    """

    #: Whether the network knows any σ, told by c_noise; else it knows T integer labels.
    continuous = False
    #: Whether F is the mean of the step back, which clipping x̂_0 then leaves as it is.
    predicts_mean = False
    #: Whether x_0 follows from F where ᾱ_T = 0 too, in a schedule of zero terminal SNR.
    from_noise_alone = False

    @abstractmethod
    def target(self, place: Place, x0: Tensor, x_t: Tensor, noise: Tensor) -> Tensor:
        """What F should be, shape of x_0."""

    @abstractmethod
    def x0(self, place: Place, x_t: Tensor, prediction: Tensor) -> Tensor:
        """x̂_0 from F, not clipped."""

    @abstractmethod
    def c_skip(self, place: Place) -> Coefficient:
        """Factor of x̃ in x̂_0."""

    @abstractmethod
    def c_out(self, place: Place) -> Coefficient:
        """Factor of F in x̂_0."""

    def c_in(self, place: Place) -> Coefficient:
        """Factor of x̃ in what the network is shown, which is x_t unless it is told otherwise."""
        return place.signal

    def c_noise(self, place: Place) -> Tensor:
        """What the network is told of the level, shape (N,): its integer label."""
        return place.labels()

    def weight(self, place: Place) -> Coefficient:
        """1/c_out²: (F's squared error) = weight·(x̂_0's)."""
        return self.c_out(place) ** -2

    def shown(self, place: Place, x_t: Tensor) -> Tensor:
        """c_in·x̃, what the network is shown."""
        return x_t

    def eps(self, place: Place, x_t: Tensor, x0: Tensor) -> Tensor:
        """The ε that leads from x_0 to x_t."""
        return (x_t - place.signal * x0) / place.noise

    def x0_between(
        self, x: Tensor, x_t: Tensor, near: IndexPlace, here: SigmaPlace, prediction: Tensor
    ) -> Tensor:
        """x̂_0 at a σ that the network has no label for, from F with a label next to it.

        Args:
            x: x̃.
            x_t: √ᾱ·x̃.
            near: the place of the label.
            here: the place of σ.
            prediction: F(x_t, the label).
        """
        return self.x0(here, x_t, prediction)
