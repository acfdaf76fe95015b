"""Micro-batch size: as many pictures in one pass as fit into memory."""

from __future__ import annotations

import gc

import psutil
import torch
from torch import Tensor

from ddpm_studio.engine import Trainer

# Share of the free memory to plan with: kernels need room in addition to saved activations.
_MEMORY_SHARE = 0.6


class MicroBatch:
    """Adapts a training's ``micro_batch`` to memory: estimated first, halved after a failure.

    The estimate is needed because running out of main memory, unlike a GPU's, does not always
    raise an error.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._failed_at = -1
        self._size_before = trainer.accelerator.micro_batch

    @property
    def whole(self) -> int:
        """Micro-batch size where memory suffices: the batch size, at most the pictures of a step.

        With several ranks, each rank counts its share of them.
        """
        return min(self._trainer.config.batch_size, self._trainer.local_batch_size)

    @property
    def size(self) -> int:
        """Pictures in one pass."""
        limit = self._trainer.local_batch_size
        return min(self._trainer.accelerator.micro_batch or limit, limit)

    @property
    def reduced_size(self) -> int | None:
        """Pictures in one pass if memory does not suffice for :attr:`whole`; else None."""
        return self.size if self.size < self.whole else None

    def estimate(self) -> bool:
        """Set the largest micro-batch that should fit; return whether it is smaller than before."""
        free = _MEMORY_SHARE * free_bytes(self._trainer.device)
        max_size = max(1, int(free / bytes_per_picture(self._trainer)))
        before = self.size
        while self.size > max_size:
            self._trainer.accelerator.micro_batch = (self.size + 1) // 2
        return self.size < before

    @property
    def is_exhausted(self) -> bool:
        """Whether a step that ran out of memory can't be retried."""
        tried = self._failed_at == self._trainer.step_number
        return not self._trainer.consistent or (tried and self.size == 1)

    def shrink(self) -> bool:
        """Prepare to retry a step: free memory first, then halve; return whether it was halved."""
        trainer = self._trainer
        trainer.accelerator.release_graphs()
        trainer.accelerator.release_gradients()
        if gc.isenabled():
            # Otherwise the window collects garbage in its own thread, where its widgets must end.
            gc.collect()
        if trainer.device.type == "cuda":
            torch.cuda.empty_cache()
        tried = self._failed_at == trainer.step_number
        if not tried:
            self._failed_at = trainer.step_number
            self._size_before = trainer.accelerator.micro_batch
        else:
            # A compiled network would be compiled again for the new size, in the midst of the step.
            trainer.accelerator.plain()
            trainer.accelerator.micro_batch = (self.size + 1) // 2
        return tried

    def revert(self) -> None:
        """Restore the micro-batch from before a step that failed at every size."""
        if self._failed_at == self._trainer.step_number:
            self._trainer.accelerator.micro_batch = self._size_before


def limit_micro_batch(trainer: Trainer, size: int | None) -> None:
    """Take at most ``size`` pictures in one pass, as an earlier part of the training; None: any."""
    if size is not None:
        trainer.accelerator.micro_batch = min(size, trainer.accelerator.micro_batch or size)


def free_bytes(device: torch.device) -> int:
    """Bytes of memory on the device that are free for tensors."""
    if device.type == "cuda":
        # Memory that torch's allocator caches is available as well.
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + cached
    return int(psutil.virtual_memory().available)


def bytes_per_picture(trainer: Trainer) -> int:
    """Bytes per picture that the forward pass saves for the backward pass."""
    # The difference excludes what does not grow with the batch, such as weights in bf16.
    return _saved_tensor_bytes(trainer, 2) - _saved_tensor_bytes(trainer, 1)


def _saved_tensor_bytes(trainer: Trainer, count: int) -> int:
    sizes: dict[int, int] = {}
    tensors: list[Tensor] = []

    def keep(tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        # Held until all are counted, so that no address occurs twice. Detached: returning a tensor
        # saved by the operation that made it would be a reference cycle, which is never freed.
        tensors.append(tensor.detach())

    x = torch.zeros(count, *trainer.model.config.shape).to(
        trainer.device, memory_format=trainer.layout
    )
    t = torch.zeros(count, dtype=torch.long, device=trainer.device)
    devices = [trainer.device] if trainer.device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices),
        trainer.accelerator.autocast(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda unused: unused),
    ):
        trainer.model(x, t)
    return sum(sizes.values())
