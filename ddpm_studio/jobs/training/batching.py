"""Micro-batch size: as many pictures at once as there is memory for."""

from __future__ import annotations

import gc

import psutil
import torch
from torch import Tensor

from ddpm_studio.engine import Trainer

# What is free may be taken up to this share: kernels need room beside what is kept.
_SHARE = 0.6


class MicroBatch:
    """Keeps a training's ``micro_batch`` to what fits: estimated first, halved when it does not.

    A computer's own memory does not always say when it ends; a GPU's does.
    """

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._failed_at = -1
        self._before = trainer.accelerator.micro_batch

    @property
    def whole(self) -> int:
        """Pictures at once where the memory suffices: as asked for, but no more than there are.

        Of several ranks each has its own share of a batch.
        """
        return min(self._trainer.config.batch_size, self._trainer.own_pictures)

    @property
    def size(self) -> int:
        """Pictures at once."""
        own = self._trainer.own_pictures
        return min(self._trainer.accelerator.micro_batch or own, own)

    @property
    def divided(self) -> int | None:
        """Pictures at once where the memory does not suffice for :attr:`whole`; else None."""
        return self.size if self.size < self.whole else None

    def estimate(self) -> bool:
        """Begin with the largest that should fit; True if that is less than before."""
        free = _SHARE * free_bytes(self._trainer.device)
        fits = max(1, int(free / bytes_per_picture(self._trainer)))
        before = self.size
        while self.size > fits:
            self._trainer.accelerator.micro_batch = (self.size + 1) // 2
        return self.size < before

    @property
    def spent(self) -> bool:
        """Whether a step that did not fit can't be tried again."""
        tried = self._failed_at == self._trainer.step_number
        return not self._trainer.whole or (tried and self.size == 1)

    def make_room(self) -> bool:
        """See to the next try of a step; True: in halves, False: as it is, once more."""
        trainer = self._trainer
        trainer.accelerator.forget_recorded()
        trainer.accelerator.forget_gradient()
        if gc.isenabled():
            # Else the window collects in its own thread: its widgets must not end in this one.
            gc.collect()
        if trainer.device.type == "cuda":
            torch.cuda.empty_cache()
        tried = self._failed_at == trainer.step_number
        if not tried:
            self._failed_at, self._before = trainer.step_number, trainer.accelerator.micro_batch
        else:
            # A network compiled for one size would be compiled anew in the midst of the step.
            trainer.accelerator.plain()
            trainer.accelerator.micro_batch = (self.size + 1) // 2
        return tried

    def give_up(self) -> None:
        """Forget the tries of a step that no size was small enough for."""
        if self._failed_at == self._trainer.step_number:
            self._trainer.accelerator.micro_batch = self._before


def free_bytes(device: torch.device) -> int:
    """Memory that is free for tensors on the device."""
    if device.type == "cuda":
        # What torch keeps of what it has freed is as good as free.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    return int(psutil.virtual_memory().available)


def bytes_per_picture(trainer: Trainer) -> int:
    """What the forward pass keeps for the backward pass, in bytes for each picture."""
    # The difference leaves out what does not grow with the batch, as weights in bf16.
    return _kept_bytes(trainer, 2) - _kept_bytes(trainer, 1)


def _kept_bytes(trainer: Trainer, count: int) -> int:
    kept: dict[int, int] = {}
    held: list[Tensor] = []

    def keep(tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        # Until all is counted, so that no address comes twice. Returned, a tensor that its own
        # operation has made would keep the whole graph alive for good.
        held.append(tensor.detach())

    x = torch.zeros(count, *trainer.model.config.shape).to(
        trainer.device, memory_format=trainer.layout
    )
    t = torch.zeros(count, dtype=torch.long, device=trainer.device)
    devices = [trainer.device] if trainer.device.type == "cuda" else []
    with (
        torch.random.fork_rng(devices),
        trainer.accelerator.autocast(),
        torch.autograd.graph.saved_tensors_hooks(keep, lambda never_asked: never_asked),
    ):
        trainer.model(x, t)
    return sum(kept.values())
