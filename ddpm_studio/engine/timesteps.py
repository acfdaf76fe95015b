"""Timestep sampling in training: uniform, or importance sampling by the loss."""

from __future__ import annotations

from typing import Protocol, cast

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer
from ddpm_studio.engine.tables.timestep_sampling import TIMESTEP_SAMPLING

_HISTORY = 10
_UNIFORM_SHARE = 0.001
# Integer that the scaled probabilities sum to, about, and the random bits in each of the two halves
# that select among them: the product, 30 + 2·16 bits, must fit into an int64.
_WHOLE, _HALF_BITS = 1 << 30, 16


class TimestepSampler(Protocol):
    """Sampler of timesteps or noise levels, which may adapt to their losses."""

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """Sample levels, shape (count,), and their importance weights (None: all 1).

        Levels are indices, int64, or σ, floating, where the table's entry is continuous.
        """
        ...

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Update the distribution with the losses of one step, both of shape (N,)."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Return the state, for a checkpoint."""
        ...

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state from a checkpoint.

        Raises:
            ValueError: if it does not match.
        """
        ...


def timestep_sampler(name: str, T: int, device: torch.device | str) -> TimestepSampler:
    """Create a sampler of :data:`ddpm_studio.engine.tables.TIMESTEP_SAMPLING` by name.

    Raises:
        ValueError: for an unknown name, or a T below 1.
    """
    check_integer("T", T, 1)
    return cast(TimestepSampler, TIMESTEP_SAMPLING[name].load()(T, device))


class UniformTimesteps:
    """Uniform timestep sampling [DDPM Algorithm 1]."""

    def __init__(self, T: int, device: torch.device | str) -> None:
        self.T, self.device = T, torch.device(device)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """See :meth:`TimestepSampler.draw`."""
        return torch.randint(self.T, (count,), generator=generator, device=self.device), None

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Do nothing: the distribution is fixed."""

    def tensors(self) -> dict[str, Tensor]:
        """Return no tensors: there is no state."""
        return {}

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Do nothing: there is no state."""


class LossSecondMoment:
    """Importance sampling of t: p_t ∝ √E[L_t²] over the last 10 losses of each t [IDDPM §3.3].

    Uniform until each t has ten losses. A uniform share of a thousandth remains, so that each
    timestep keeps being sampled.
    """

    def __init__(self, T: int, device: torch.device | str) -> None:
        self.T = T
        # One extra row as a dummy target for losses to be dropped: no values are read on the host,
        # hence no synchronisation with the device.
        self.history = torch.zeros(T + 1, _HISTORY, device=device)
        self.counts = torch.zeros(T + 1, dtype=torch.long, device=device)

    def probabilities(self) -> Tensor:
        """Return the probability of each index, shape (T,)."""
        history = self.history[: self.T]
        # Relative to the largest, since the squares of a diverging network's losses may overflow.
        rms = (history / history.abs().amax()).square().mean(1).sqrt()
        total = rms.sum()
        learned = (1 - _UNIFORM_SHARE) * rms / total + _UNIFORM_SHARE / self.T
        ready = (self.counts[: self.T] >= _HISTORY).all() & (total > 0)
        return torch.where(ready, learned, 1 / self.T)

    def draw(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
        """See :meth:`TimestepSampler.draw`."""
        # Integers, whose sum does not depend on a GPU's order of summation; torch.multinomial sums
        # floating-point numbers, and is not allowed in deterministic mode.
        shares = (_WHOLE * self.probabilities()).long()
        cumulative = shares.cumsum(0)
        # Two 16-bit halves, since not every device samples large integers well.
        halves = torch.randint(
            1 << _HALF_BITS, (2, count), generator=generator, device=shares.device
        )
        draws = (((halves[0] << _HALF_BITS) + halves[1]) * cumulative[-1]) >> 2 * _HALF_BITS
        index = (draws[:, None] >= cumulative).sum(1)
        return index, cumulative[-1] / (self.T * shares[index])

    def update(self, index: Tensor, losses: Tensor) -> None:
        """Store each t's latest losses in a ring buffer; later pictures of a step count as later.

        A loss that is not finite is ignored: neither stored nor counted.
        """
        losses = losses.float()
        index = torch.where(losses.isfinite(), index, self.T)
        order = torch.argsort(index, stable=True)
        index, losses = index[order], losses[order]
        sizes = torch.zeros_like(self.counts).scatter_add_(0, index, torch.ones_like(index))
        starts = sizes.cumsum(0) - sizes
        rank = torch.arange(len(index), device=index.device) - starts[index]
        slot = (self.counts[index] + rank) % _HISTORY
        row = torch.where(rank >= sizes[index] - _HISTORY, index, self.T)
        self.history[row, slot] = losses
        self.counts += sizes

    def tensors(self) -> dict[str, Tensor]:
        """Return the loss history and the counts, which determine the next slot."""
        return {
            "history": self.history[: self.T].clone(),
            "counts": self.counts[: self.T].clone(),
        }

    def load(self, tensors: dict[str, Tensor]) -> None:
        """Restore the state from :meth:`tensors`.

        Raises:
            ValueError: if it is incomplete or of another T.
        """
        history, counts = tensors.get("history"), tensors.get("counts")
        if history is None or history.shape != (self.T, _HISTORY):
            raise ValueError("the losses by timestep are missing or of another T")
        if counts is None or counts.shape != (self.T,):
            raise ValueError("the counts by timestep are missing or of another T")
        self.history[: self.T] = history.to(self.history)
        self.counts[: self.T] = counts.to(self.counts)
