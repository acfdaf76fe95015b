"""Base class of parameterisations: conversion between the network's output and x̂_0."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor

from ddpm_studio.engine.levels import (
    Coefficient,
    IndexCoefficients,
    LevelCoefficients,
    SigmaCoefficients,
)


class Parameterization(ABC):
    """Parameterisation: prediction target and preconditioning of the network F [EDM eq. 7].

    In x̃ = x_t/√ᾱ = x_0 + σε all have one form, linear in F,

        x̂_0 = c_skip·x̃ + c_out·F(c_in·x̃, c_noise),

    so an error of F corresponds to one of x̂_0, with a factor ``weight`` between their squares.
    """

    #: Whether the network is conditioned on any σ, by c_noise, rather than on T integer labels.
    continuous = False
    #: Whether F is the posterior mean, which clipping x̂_0 then leaves unchanged.
    predicts_mean = False
    #: Whether x_0 can be recovered from F even where ᾱ_T = 0 (zero terminal SNR).
    supports_zero_terminal_snr = False

    @abstractmethod
    def target(
        self, coefficients: LevelCoefficients, x0: Tensor, x_t: Tensor, noise: Tensor
    ) -> Tensor:
        """Training target of F, shape of x_0."""

    @abstractmethod
    def x0(self, coefficients: LevelCoefficients, x_t: Tensor, prediction: Tensor) -> Tensor:
        """x̂_0 from the network's output F, not clipped."""

    @abstractmethod
    def c_skip(self, coefficients: LevelCoefficients) -> Coefficient:
        """Factor of x̃ in x̂_0."""

    @abstractmethod
    def c_out(self, coefficients: LevelCoefficients) -> Coefficient:
        """Factor of F in x̂_0."""

    def c_in(self, coefficients: LevelCoefficients) -> Coefficient:
        """Factor of x̃ in the network's input; by default √ᾱ, so that the input is x_t."""
        return coefficients.signal

    def c_noise(self, coefficients: LevelCoefficients) -> Tensor:
        """Noise-level conditioning of the network, shape (N,); by default the integer label."""
        return coefficients.labels()

    def weight(self, coefficients: LevelCoefficients) -> Coefficient:
        """1/c_out², the weight λ in (squared error of F) = λ·(squared error of x̂_0)."""
        return self.c_out(coefficients) ** -2

    def network_input(self, coefficients: LevelCoefficients, x_t: Tensor) -> Tensor:
        """Network input c_in·x̃."""
        return x_t

    def eps(self, coefficients: LevelCoefficients, x_t: Tensor, x0: Tensor) -> Tensor:
        """Noise ε for which x_t = √ᾱ x_0 + √(1−ᾱ) ε."""
        return (x_t - coefficients.signal * x0) / coefficients.noise

    def x0_between(
        self,
        x: Tensor,
        x_t: Tensor,
        at_label: IndexCoefficients,
        at_sigma: SigmaCoefficients,
        prediction: Tensor,
    ) -> Tensor:
        """x̂_0 at a σ between the timesteps, from F evaluated with a neighbouring label.

        Args:
            x: x̃.
            x_t: √ᾱ·x̃.
            at_label: coefficients at the label's level.
            at_sigma: coefficients at σ.
            prediction: F(x_t, label).
        """
        return self.x0(at_sigma, x_t, prediction)
