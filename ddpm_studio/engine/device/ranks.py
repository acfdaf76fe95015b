"""Data parallelism: ranks share each batch and add up their gradients [Li et al. 2020, DDP].

The global batch is drawn by every rank alike, from (seed, step). Each computes the gradient of its
slice; one all-reduce adds them up, with the losses, so that whatever follows is the same on all.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


class RankLostError(RuntimeError):
    """An exchange with the other ranks has failed: one of them has gone, or the network has."""


class Ranks:
    """This process alone: its slice is the whole batch, and there is nothing to exchange."""

    rank = 0
    size = 1

    def share(self, count: int) -> slice:
        """Return which pictures of a batch of ``count`` are this rank's.

        Raises:
            ValueError: if there are fewer pictures than ranks.
        """
        if count < self.size:
            raise ValueError(f"a batch of {count} can't be shared by {self.size} ranks")
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)


#: Of a training in one process.
ALONE = Ranks()


class RankGroup(Ranks):
    """One of several processes that train together.

    Args:
        device: where the gradients lie.
        group: the processes; None: all of ``torch.distributed``'s.
    """

    def __init__(self, device: torch.device, group: dist.ProcessGroup | None = None) -> None:
        self.rank, self.size = dist.get_rank(group), dist.get_world_size(group)
        self.wish = False
        """Whether this rank wishes to confer; told with the next gradient."""
        self.wishes = torch.zeros((), device=device)
        """How many ranks wished so at the last exchange, shape (), on the device."""
        self._device, self._group = device, group
        self._flat = torch.empty(0, device=device)

    def exchange(
        self, gradients: Sequence[Tensor], mean: Tensor, losses: Tensor, count: int
    ) -> tuple[Tensor, Tensor]:
        """Add up gradients, in place, and the mean loss over the ranks, and gather the losses.

        All are in one buffer, and so in one all-reduce.

        Args:
            gradients: of this rank's part of the mean loss.
            mean: that part, shape ().
            losses: of this rank's pictures, shape (n,).
            count: pictures in the batch of all.

        Returns:
            The mean loss of the batch, shape (), and the loss of each picture, shape (count,).

        Raises:
            RankLostError: if another rank has gone.
        """
        sizes = [gradient.numel() for gradient in gradients]
        length = sum(sizes) + 2 + count
        if len(self._flat) != length:
            self._flat = torch.empty(length, device=self._device)
        *parts, told, each = torch.split(self._flat, [*sizes, 2, count])
        views = [
            # As the gradient lies in memory, whatever its layout.
            part.as_strided(gradient.size(), gradient.stride())
            for part, gradient in zip(parts, gradients, strict=True)
        ]
        torch._foreach_copy_(views, list(gradients))
        told[0], told[1] = mean, float(self.wish)
        # Adding zeros to a loss leaves it what it is.
        each.zero_()[self.share(count)] = losses
        self.all_reduce(self._flat)
        torch._foreach_copy_(list(gradients), views)
        self.wishes = told[1].clone()
        return told[0].clone(), each.clone()

    def all_reduce(self, tensor: Tensor) -> None:
        """Add up a tensor over the ranks, in place.

        Raises:
            RankLostError: if another rank has gone.
        """
        try:
            dist.all_reduce(tensor, group=self._group)
        except RuntimeError as error:
            raise RankLostError(str(error)) from error

    def broadcast(self, tensor: Tensor) -> None:
        """Take over rank 0's tensor, in place.

        Raises:
            RankLostError: if another rank has gone.
        """
        try:
            dist.broadcast(tensor, 0, group=self._group)
        except RuntimeError as error:
            raise RankLostError(str(error)) from error
