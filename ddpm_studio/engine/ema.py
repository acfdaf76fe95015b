"""Exponential moving average of a network's weights, with a warm-up of the decay."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from ddpm_studio.engine.checks import check_integer, check_number


def ema_decay(step: int, decay: float) -> float:
    """Decay used at optimiser step ``step`` (1, 2, …): min(decay, (1+step)/(10+step)).

    Without the warm-up, an average with decay .9999 would contain the initial random weights for
    some ten thousand steps.
    """
    check_integer("the step", step, 1)
    check_number("the decay", decay, 0, 1)
    return min(decay, (1 + step) / (10 + step))


class EMA:
    """Exponential moving average (EMA) of a network's weights, kept as a second network.

    Args:
        model: the network in training.
        decay: decay after the warm-up, 0..1; .9999 in DDPM.
    """

    def __init__(self, model: nn.Module, decay: float = 0.9999) -> None:
        check_number("the decay", decay, 0, 1)
        self.decay = decay
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._averaged: list[Tensor] = list(self.model.parameters())
        self._current: list[Tensor] = list(model.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Update the average with the weights after optimiser step ``step`` (1, 2, …)."""
        weight = 1 - ema_decay(step, self.decay)
        torch._foreach_lerp_(self._averaged, self._current, weight)
