"""Timestep sampling of a training: uniform, or more often where the loss is large."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_whole
from ddpm_studio.engine.tables.timestep_sampling import TIMESTEP_SAMPLING

_REMEMBERED = 10
_UNIFORM_SHARE = 0.001
# What all shares of the draws come to, as a whole number, and half of the bits that a place among
# them is drawn by: their product is still an int64.
_WHOLE, _HALF_BITS = 1 << 30, 16


class TimestepSampler(Protocol):
    """Draws indices, and may learn from the losses that they had."""

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Return levels, shape (count,), and weights that undo their bias (None: all 1).

        Levels are indices, int64, or σ, floating, where the table's entry is continuous.
        """
        ...

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Learn from the losses of one step, both of shape (N,)."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the state, for a checkpoint."""
        ...

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up a state; ValueError if it does not fit."""
        ...


def timestep_sampler(name: str, T: int, device: torch.device | str) -> TimestepSampler:
    """Return a choice of t of :data:`ddpm_studio.engine.tables.TIMESTEP_SAMPLING` by its name.

    Raises:
        ValueError: for another name, or a T below 1.
    """
    check_whole("T", T, 1)
    return cast(TimestepSampler, TIMESTEP_SAMPLING[name].load()(T, device))


class UniformTimesteps:
    """Every timestep alike [DDPM Algorithm 1]."""

    def __init__(self, T: int, device: torch.device | str) -> None:
        self.T, self.device = T, torch.device(device)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """See :meth:`TimestepSampler.draw`."""
        return torch.randint(self.T, (count,), generator=generator, device=self.device), None

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Learn nothing."""

    def tensors(self) -> dict[str, Tensor]:
        """Return nothing: there is no state."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up nothing."""


class LossSecondMoment:
    """p_t ∝ √E[L_t²] over the last 10 losses of each t [IDDPM §3.3].

    Uniform until each t has ten. A thousandth of the draws stays uniform, so that no timestep
    is forgotten.
    """

    def __init__(self, T: int, device: torch.device | str) -> None:
        self.T = T
        # One row more than timesteps: what is not to be remembered is written there, which
        # needs no look at the values and so no wait for the device.
        self.history = torch.zeros(T + 1, _REMEMBERED, device=device)
        self.counts = torch.zeros(T, dtype=torch.long, device=device)

    def probabilities(self) -> Tensor:
        """Return the chance of each index, shape (T,)."""
        history = self.history[: self.T]
        # Against the largest: of a network that diverges the squares would be infinite.
        root = (history / history.abs().amax()).square().mean(1).sqrt()
        total = root.sum()
        learned = (1 - _UNIFORM_SHARE) * root / total + _UNIFORM_SHARE / self.T
        ready = (self.counts >= _REMEMBERED).all() & (total > 0)
        return torch.where(ready, learned, 1 / self.T)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """See :meth:`TimestepSampler.draw`."""
        # Whole numbers, which add up to the same in whatever order a GPU does it; torch's own
        # choice among probabilities adds up floating ones, and is refused in deterministic mode.
        shares = (_WHOLE * self.probabilities()).long()
        ends = shares.cumsum(0)
        # Two halves, since not every device draws long whole numbers well.
        halves = torch.randint(
            1 << _HALF_BITS, (2, count), generator=generator, device=shares.device
        )
        place = (((halves[0] << _HALF_BITS) + halves[1]) * ends[-1]) >> 2 * _HALF_BITS
        index = (place[:, None] >= ends).sum(1)
        return index, ends[-1] / (self.T * shares[index])

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Remember each t's last losses; within a step, those of later pictures count as later.

        In place of one that is no finite number the one before it stays.
        """
        order = torch.argsort(index, stable=True)
        index, losses = index[order], losses[order].float()
        sizes = torch.zeros_like(self.counts).scatter_add_(0, index, torch.ones_like(index))
        starts = sizes.cumsum(0) - sizes
        rank = torch.arange(len(index), device=index.device) - starts[index]
        slot = (self.counts[index] + rank) % _REMEMBERED
        known = (rank >= sizes[index] - _REMEMBERED) & losses.isfinite()
        row = torch.where(known, index, self.T)
        self.history[row, slot] = losses
        self.counts += sizes

    def tensors(self) -> dict[str, Tensor]:
        """Return losses and counts; the next slot follows from the counts."""
        return {"history": self.history[: self.T].clone(), "counts": self.counts.clone()}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Take up what :meth:`tensors` returned.

        Raises:
            ValueError: if it is of another T or incomplete.
        """
        history, counts = tensors.get("history"), tensors.get("counts")
        if history is None or history.shape != (self.T, _REMEMBERED):
            raise ValueError("the losses by timestep are missing or of another T")
        if counts is None or counts.shape != (self.T,):
            raise ValueError("the counts by timestep are missing or of another T")
        self.history[: self.T] = history.to(self.history)
        self.counts.copy_(counts)
