"""Gradient of a batch, as fast as the device can: autocast, micro-batches, CUDA graphs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ddpm_studio.engine.device.cuda_graph import UNRECORDED, Captured, captured
from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.device.ranks import ALONE, RankGroup, Ranks
from ddpm_studio.engine.training_tensors import parts

#: A network, or what was compiled of it.
Forward = Callable[..., Tensor]


class BatchLoss(Protocol):
    """The loss of each picture of a part of a batch."""

    def __call__(self, network: Forward, /, *batch: Any) -> Tensor:
        """Return the losses, shape (N,), of what a batch has of each picture."""
        ...


class Accelerator:
    """Computes gradients of a network's loss on one device, and adds up those of all ranks.

    Args:
        network: what trains, on the device.
        precision: of its forward and backward pass.
        grad_clip: largest norm of the gradient.
        ranks: the processes that train together.
    """

    def __init__(
        self, network: nn.Module, precision: Precision, grad_clip: float, ranks: Ranks = ALONE
    ) -> None:
        self.network = network
        self.precision: Precision = precision
        #: Pictures in one pass of the network, whose gradients add up to the batch's; None: all.
        self.micro_batch: int | None = None
        #: Called after each pass but those that a GPU replays, which take no time to speak of.
        self.on_pass: Callable[[], None] = lambda: None
        self._parameters = list(network.parameters())
        self._device = self._parameters[0].device
        self._grad_clip = grad_clip
        self._ranks = ranks
        self._used: Forward = network
        self._recorded: _Recorded | None = None
        self._unrecorded = 0

    def gradient(
        self, loss: BatchLoss, count: int, *batch: Tensor | None, record: bool = True
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the gradient of the mean loss of a batch of ``count`` pictures, and clip it.

        On a GPU the kernels are recorded and then replayed. An exchange with other ranks is not
        recorded, nor is what follows it.

        Args:
            loss: of each picture.
            count: pictures in the batch of all ranks.
            batch: this rank's part of it; see :meth:`accumulate`.
            record: False for a loss that can't be recorded.

        Returns:
            Of the whole batch the mean loss, shape (), the loss of each picture, shape (count,),
            and the gradient's norm before clipping, shape ().

        Raises:
            RankLostError: if another rank has gone.
        """
        if not isinstance(self._ranks, RankGroup):
            mean, losses, norm = self._replayed(partial(self._clipped, loss, count), batch, record)
            return mean, losses, norm
        mean, losses = self._replayed(partial(self.accumulate, loss, count), batch, record)
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        mean, losses = self._ranks.exchange(gradients, mean, losses, count)
        return mean, losses, self._clip()

    def _replayed(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        batch: tuple[Tensor | None, ...],
        record: bool,
    ) -> tuple[Tensor, ...]:
        """Call a function that leaves gradients; on a GPU it is recorded and then replayed."""
        if self._device.type != "cuda" or not record or self._unrecorded < UNRECORDED:
            self._unrecorded += 1
            return function(*batch)
        assert batch[0] is not None
        recorded, key = self._recorded, (self.micro_batch, len(batch[0]))
        if recorded is None or recorded.key != key:
            # The memory of the old ones first.
            self._recorded = recorded = None
            self.forget_gradient()
            replay = captured(function, batch)
            grads = [p.grad for p in self._parameters] if replay else []
            self._recorded = recorded = _Recorded(replay, key, grads)
        if recorded.replay is None:
            return function(*batch)
        for p, grad in zip(self._parameters, recorded.grads, strict=True):
            p.grad = grad
        return recorded.replay(*batch)

    def _clipped(
        self, loss: BatchLoss, count: int, x0: Tensor, *others: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, losses = self.accumulate(loss, count, x0, *others)
        return mean, losses, self._clip()

    def _clip(self) -> Tensor:
        """Clip the gradient; return its norm before, shape ()."""
        return nn.utils.clip_grad_norm_(self._parameters, self._grad_clip).detach()

    def accumulate(
        self, loss: BatchLoss, count: int, x0: Tensor, *others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Add up the gradient of Σ losses / count, ``micro_batch`` pictures at once.

        Args:
            loss: of each picture.
            count: pictures in the batch of all ranks.
            x0: pictures in [−1, 1], shape (N, C, H, W).
            others: what else the loss takes, a row for each picture, or None; last, the weights
                of the pictures in the mean, shape (N,), or None: all 1.

        Returns:
            This part of the mean loss, shape (), and the loss of each picture, shape (N,).
        """
        self.forget_gradient()
        *batch, weights = x0, *others
        size = self.micro_batch or len(x0)
        means, losses = [], []
        for start in range(0, len(x0), size):
            part = slice(start, start + size)
            with self.autocast():
                each = loss(self._used, *parts(part, *batch))
            mean = each.mean() if weights is None else (each * weights[part]).mean()
            # Of a whole batch the share is 1, and the numbers are those of one pass.
            mean = mean * (len(each) / count)
            mean.backward()  # type: ignore[no-untyped-call]
            means.append(mean.detach())
            losses.append(each.detach())
            self.on_pass()
        return torch.stack(means).sum(), torch.cat(losses)

    def compile(self, loss: BatchLoss, x0: Tensor, *others: Tensor | None) -> None:
        """Let torch compile the network, which takes a minute or more, and try it on a batch.

        The batch is as :meth:`accumulate` takes it, but for the weights.

        Raises:
            Exception: whatever torch raises where it can't; the network stays as it was.
        """
        self.forget_recorded()
        self._used = compiled_network(self.network)
        try:
            self.network.train()
            with torch.random.fork_rng(self._forked):
                self._clipped(loss, len(x0), x0, *others, None)
        except BaseException:
            self.plain()
            raise
        finally:
            self.forget_gradient()

    @property
    def compiled(self) -> bool:
        """Whether it computes with the compiled network."""
        return self._used is not self.network

    def plain(self) -> None:
        """Take the network as it is, not compiled."""
        self._used = self.network
        self.forget_recorded()

    def forget_recorded(self) -> None:
        """Give back the memory of recorded kernels; the next gradient records them anew."""
        self._recorded = None

    def forget_gradient(self) -> None:
        """Give back the gradient's memory."""
        for p in self._parameters:
            p.grad = None

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Let the network compute in the asked precision while the body runs."""
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, dtype=torch.bfloat16)

    @contextlib.contextmanager
    def seeded(self, seed: int) -> Iterator[None]:
        """Seed the global generators, which dropout draws from, while the body runs."""
        with torch.random.fork_rng(self._forked):
            torch.manual_seed(seed)
            yield

    def rewound(self) -> contextlib.AbstractContextManager[object]:
        """Set the global generators back to where they were, at the end of the body."""
        return torch.random.fork_rng(self._forked)

    @property
    def _forked(self) -> list[torch.device]:
        return [self._device] if self._device.type == "cuda" else []


def compiled_network(network: nn.Module) -> Forward:
    """Return the network with kernels of its own, which are made at its first call."""
    return torch.compile(network, dynamic=False, fullgraph=True)


@dataclass(frozen=True)
class _Recorded:
    """The recorded gradient for one size of batches, and where it is written.

    ``replay`` is None where it can't be recorded.
    """

    replay: Captured | None
    key: tuple[int | None, int]
    grads: list[Tensor | None]
