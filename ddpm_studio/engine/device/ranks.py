"""Data parallelism: ranks split each batch and all-reduce their gradients [Li et al. 2020, DDP].

Every rank draws the same global batch, from (seed, step), and computes the gradient of its slice;
one all-reduce sums gradients and losses, so that the rest of the step is identical on all ranks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


class RankLostError(RuntimeError):
    """Communication with the other ranks failed: one of them or the connection is lost."""


class Ranks:
    """Single-process training: this rank's slice is the whole batch, with nothing to exchange."""

    rank = 0
    size = 1

    def local_slice(self, count: int) -> slice:
        """Return this rank's slice of a batch of ``count`` pictures.

        Raises:
            ValueError: if there are fewer pictures than ranks.
        """
        if count < self.size:
            raise ValueError(f"a batch of {count} can't be shared by {self.size} ranks")
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)


#: The ranks of a training in one process.
SINGLE_PROCESS = Ranks()


class RankGroup(Ranks):
    """One rank of a ``torch.distributed`` process group in data-parallel training.

    Args:
        device: device of the gradients.
        group: the process group; None: the default group.
    """

    def __init__(self, device: torch.device, group: dist.ProcessGroup | None = None) -> None:
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
        self.confer_requested = False
        """Whether this rank asks the ranks to confer; sent with the next gradient."""
        self.confer_requests = torch.zeros((), device=device)
        """Number of ranks that asked to confer at the last exchange, shape (), on the device."""
        self._device, self._group = device, group
        self._flat = torch.empty(0, device=device)

    def all_reduce_gradients(
        self, gradients: Sequence[Tensor], mean: Tensor, losses: Tensor, count: int
    ) -> tuple[Tensor, Tensor]:
        """All-reduce gradients, in place, and the mean loss, and gather the losses of all ranks.

        All are packed into one flat buffer for a single all-reduce.

        Args:
            gradients: gradients of this rank's share of the mean loss; replaced by their sums.
            mean: that share, shape ().
            losses: losses of this rank's pictures, shape (n,).
            count: pictures in the global batch.

        Returns:
            The mean loss of the batch, shape (), and the loss of each picture, shape (count,).

        Raises:
            RankLostError: if another rank is lost.
        """
        sizes = [gradient.numel() for gradient in gradients]
        length = sum(sizes) + 2 + count
        if len(self._flat) != length:
            self._flat = torch.empty(length, device=self._device)
        *chunks, summed, gathered = torch.split(self._flat, [*sizes, 2, count])
        views = [
            # With the gradient's strides, so that the copy works in any memory format.
            chunk.as_strided(gradient.size(), gradient.stride())
            for chunk, gradient in zip(chunks, gradients, strict=True)
        ]
        torch._foreach_copy_(views, list(gradients))
        summed[0], summed[1] = mean, float(self.confer_requested)
        # Zeros elsewhere: the sum over the ranks then gathers the losses.
        gathered.zero_()[self.local_slice(count)] = losses
        self.all_reduce(self._flat)
        torch._foreach_copy_(list(gradients), views)
        self.confer_requests = summed[1].clone()
        return summed[0].clone(), gathered.clone()

    def all_reduce(self, tensor: Tensor) -> None:
        """Sum a tensor over the ranks, in place.

        Raises:
            RankLostError: if another rank is lost.
        """
        try:
            dist.all_reduce(tensor, group=self._group)
        except RuntimeError as error:
            raise RankLostError(str(error)) from error

    def broadcast(self, tensor: Tensor) -> None:
        """Broadcast rank 0's tensor to all ranks, in place.

        Raises:
            RankLostError: if another rank is lost.
        """
        try:
            dist.broadcast(tensor, 0, group=self._group)
        except RuntimeError as error:
            raise RankLostError(str(error)) from error
