"""Denoiser for drawing: evaluates a network without gradients, in batches that fit memory."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from ddpm_studio.engine import Network
from ddpm_studio.engine.device.memory_format import memory_format
from ddpm_studio.engine.guidance import check_labels, guided_prediction, nearest_class
from ddpm_studio.errors import is_out_of_memory
from ddpm_studio.jobs.machine.compiling import DrawingNetwork

Classes = Sequence[int] | Tensor
"""Class of each picture of a batch, or a tensor of class shares, (N, num_classes + 1)."""


class Evaluator:
    """A network as a denoiser, without gradients and in batches that fit memory.

    Args:
        network: the network, in the precision to compute in.
        device: device of its weights.
        classes: the class of all pictures, or of each of a batch, or class shares, see
            :func:`~ddpm_studio.engine.guidance.interpolation_weights`; None: without labels. A
            network that can't mix classes uses that of the largest share.
        guidance: scale of classifier-free guidance, from 0; 1 is none.
        rescale: see :class:`ddpm_studio.engine.guidance.GuidedDenoiser`.
        evaluations: expected number of evaluations, as far as is known.

    Raises:
        ValueError: if there is no such class, or a batch has another number of pictures.
    """

    def __init__(
        self,
        network: Network,
        device: torch.device,
        classes: int | Classes | None = None,
        guidance: float = 1.0,
        rescale: float = 0.0,
        evaluations: int = 0,
    ) -> None:
        self._classes: Tensor | None = None
        if classes is not None:
            self._classes = _labels_of(network, classes).to(device)
        self.network = network
        self._layout = memory_format(device, network.precision)
        self.batch = batch_limit(network.config.shape, device)
        # Not a bound method: a reference cycle would keep GPU memory until garbage collection.
        predict = partial(_predict, guidance, rescale)
        purpose = "draw"
        if classes is not None:
            purpose = "draw a class" if guidance in (0, 1) else "guide to a class"
        self._network = DrawingNetwork(network, predict, evaluations, purpose)

    def __call__(self, x: Tensor, t: Tensor, /) -> Tensor:
        """Predict; see :class:`ddpm_studio.engine.process.Denoiser`."""
        with torch.no_grad(), _deterministic_cudnn():
            x = x.contiguous(memory_format=self._layout)
            batch = (x, t) if self._classes is None else (x, t, self._labels(len(x)))
            while True:
                try:
                    return self._in_batches(*batch)
                except Exception as error:
                    if not is_out_of_memory(error) or self.batch == 1:
                        raise
                # The error's traceback, which references tensors, is freed by now.
                self._network.release_graphs()
                self.batch = (min(self.batch, len(x)) + 1) // 2

    def _labels(self, count: int) -> Tensor:
        assert self._classes is not None
        if self._classes.ndim and len(self._classes) != count:
            raise ValueError(f"{count} pictures came for {len(self._classes)} classes")
        return self._classes.expand(count, *self._classes.shape[1:]).contiguous()

    def _in_batches(self, x: Tensor, *extra: Tensor) -> Tensor:
        if len(x) <= self.batch:
            return self._network(x, *extra)
        pieces = zip(*(torch.split(tensor, self.batch) for tensor in (x, *extra)), strict=True)
        return torch.cat([self._network(*piece) for piece in pieces])


def _labels_of(network: Network, classes: int | Classes) -> Tensor:
    """Return labels, scalar or of shape (N,), or class shares, as the network accepts them."""
    if isinstance(classes, Tensor):
        return classes if network.mixes_classes else nearest_class(classes)
    labels = torch.tensor(classes)
    check_labels(labels.view(-1), network.config.num_classes or 0)
    return labels


def _predict(
    guidance: float,
    rescale: float,
    network: Network,
    x: Tensor,
    t: Tensor,
    classes: Tensor | None = None,
) -> Tensor:
    if classes is None:
        return network(x, t)  # type: ignore[no-any-return]
    return guided_prediction(network, network.config, x, t, classes, guidance, rescale)


@contextlib.contextmanager
def _deterministic_cudnn() -> Iterator[None]:
    """Use cuDNN's deterministic convolutions (context manager): a seed gives one picture."""
    previous = torch.backends.cudnn.deterministic
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.backends.cudnn.deterministic = previous


def batch_limit(shape: tuple[int, int, int], device: torch.device) -> int:
    """Return the largest useful batch of pictures (C, H, W) on this kind of device."""
    at_32_px = 256 if device.type == "cuda" else 32
    _, height, width = shape
    return max(1, at_32_px * 32 * 32 // (height * width))
