"""Accelerated gradient of a batch: autocast, gradient accumulation, CUDA graphs, all-reduce."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from ddpm_studio.engine.device.cuda_graph import WARMUP_CALLS, CapturedGraph, capture_graph
from ddpm_studio.engine.device.memory_format import Precision
from ddpm_studio.engine.device.ranks import SINGLE_PROCESS, RankGroup, Ranks
from ddpm_studio.engine.training_tensors import parts

#: A network, or its compiled form.
Forward = Callable[..., Tensor]


class BatchLoss(Protocol):
    """Loss function of a (part of a) batch, one loss per picture."""

    def __call__(self, network: Forward, /, *batch: Any) -> Tensor:
        """Return the losses, shape (N,), given the tensors of the batch, one row per picture."""
        ...


class Accelerator:
    """Computes a network's gradient on one device and sums it over all ranks.

    Args:
        network: the network in training, on the device.
        precision: precision of the forward and backward pass.
        grad_clip: maximum norm of the gradient.
        ranks: the processes that train together.
    """

    def __init__(
        self,
        network: nn.Module,
        precision: Precision,
        grad_clip: float,
        ranks: Ranks = SINGLE_PROCESS,
    ) -> None:
        self.network = network
        self.precision: Precision = precision
        #: Pictures per forward and backward pass (gradient accumulation); None: the whole batch.
        self.micro_batch: int | None = None
        #: Called after each pass, except those replayed from a CUDA graph, which are very short.
        self.on_pass: Callable[[], None] = lambda: None
        self._parameters = list(network.parameters())
        self._device = self._parameters[0].device
        self._grad_clip = grad_clip
        self._ranks = ranks
        self._forward: Forward = network
        self._graph: _GradientGraph | None = None
        self._warmup_calls = 0

    def gradient(
        self, loss: BatchLoss, count: int, *batch: Tensor | None, record: bool = True
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Compute the gradient of the mean loss of a batch of ``count`` pictures, and clip it.

        On a GPU the kernels are captured in a CUDA graph and then replayed. The all-reduce between
        ranks is not captured, nor is the clipping that follows it.

        Args:
            loss: loss function.
            count: pictures in the global batch of all ranks.
            batch: this rank's slice of it; see :meth:`accumulate`.
            record: False for a loss that can't be captured in a CUDA graph.

        Returns:
            The mean loss of the global batch, shape (), the loss of each picture, shape (count,),
            and the gradient's norm before clipping, shape ().

        Raises:
            RankLostError: if another rank is lost.
        """
        if not isinstance(self._ranks, RankGroup):
            mean, losses, norm = self._call_graphed(
                partial(self._accumulate_and_clip, loss, count), batch, record
            )
            return mean, losses, norm
        mean, losses = self._call_graphed(partial(self.accumulate, loss, count), batch, record)
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        mean, losses = self._ranks.all_reduce_gradients(gradients, mean, losses, count)
        return mean, losses, self._clip_gradient()

    def _call_graphed(
        self,
        function: Callable[..., tuple[Tensor, ...]],
        batch: tuple[Tensor | None, ...],
        record: bool,
    ) -> tuple[Tensor, ...]:
        """Call a function that computes gradients; on a GPU, by a CUDA graph after a warm-up."""
        if self._device.type != "cuda" or not record or self._warmup_calls < WARMUP_CALLS:
            self._warmup_calls += 1
            return function(*batch)
        assert batch[0] is not None
        graph, key = self._graph, (self.micro_batch, len(batch[0]))
        if graph is None or graph.key != key:
            # Free the old graph's memory before capturing another.
            self._graph = graph = None
            self.release_gradients()
            replay = capture_graph(function, batch)
            grads = [p.grad for p in self._parameters] if replay else []
            self._graph = graph = _GradientGraph(replay, key, grads)
        if graph.replay is None:
            return function(*batch)
        for p, grad in zip(self._parameters, graph.grads, strict=True):
            p.grad = grad
        return graph.replay(*batch)

    def _accumulate_and_clip(
        self, loss: BatchLoss, count: int, x0: Tensor, *others: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, losses = self.accumulate(loss, count, x0, *others)
        return mean, losses, self._clip_gradient()

    def _clip_gradient(self) -> Tensor:
        """Clip the gradient; return its norm before clipping, shape ()."""
        return nn.utils.clip_grad_norm_(self._parameters, self._grad_clip).detach()

    def accumulate(
        self, loss: BatchLoss, count: int, x0: Tensor, *others: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Accumulate the gradient of Σ losses / count over parts of ``micro_batch`` pictures.

        Args:
            loss: loss function.
            count: pictures in the global batch of all ranks.
            x0: pictures in [−1, 1], shape (N, C, H, W).
            others: further arguments of the loss, one row per picture, or None; last, the weights
                of the pictures in the mean, shape (N,), or None: all 1.

        Returns:
            This slice's share of the mean loss, shape (), and the loss of each picture, shape (N,).
        """
        self.release_gradients()
        *batch, weights = x0, *others
        size = self.micro_batch or len(x0)
        means, losses = [], []
        for start in range(0, len(x0), size):
            rows = slice(start, start + size)
            with self.autocast():
                picture_losses = loss(self._forward, *parts(rows, *batch))
            mean = (
                picture_losses.mean()
                if weights is None
                else (picture_losses * weights[rows]).mean()
            )
            # For a whole batch the factor is exactly 1: the same numbers as without accumulation.
            mean = mean * (len(picture_losses) / count)
            mean.backward()  # type: ignore[no-untyped-call]
            means.append(mean.detach())
            losses.append(picture_losses.detach())
            self.on_pass()
        return torch.stack(means).sum(), torch.cat(losses)

    def compile(self, loss: BatchLoss, x0: Tensor, *others: Tensor | None) -> None:
        """Compile the network with ``torch.compile`` and run it once, which may take minutes.

        The batch has the arguments of :meth:`accumulate`, without the weights.

        Raises:
            Exception: any error of torch if compilation fails; the plain network stays in use.
        """
        self.release_graphs()
        self._forward = compiled_network(self.network)
        try:
            self.network.train()
            with torch.random.fork_rng(self._rng_devices):
                self._accumulate_and_clip(loss, len(x0), x0, *others, None)
        except BaseException:
            self.plain()
            raise
        finally:
            self.release_gradients()

    @property
    def compiled(self) -> bool:
        """Whether the compiled network is in use."""
        return self._forward is not self.network

    def plain(self) -> None:
        """Go back to the uncompiled network, and free the CUDA graph."""
        self._forward = self.network
        self.release_graphs()

    def release_graphs(self) -> None:
        """Free the CUDA graph's memory; the next gradient captures it again."""
        self._graph = None

    def release_gradients(self) -> None:
        """Free the gradients' memory."""
        for p in self._parameters:
            p.grad = None

    def autocast(self) -> contextlib.AbstractContextManager[object]:
        """Context manager in which the network computes in the chosen precision."""
        if self.precision == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self._device.type, dtype=torch.bfloat16)

    @contextlib.contextmanager
    def seeded_rng(self, seed: int) -> Iterator[None]:
        """Context manager that seeds the global generators (for dropout) and restores them."""
        with torch.random.fork_rng(self._rng_devices):
            torch.manual_seed(seed)
            yield

    def preserved_rng(self) -> contextlib.AbstractContextManager[object]:
        """Context manager that restores the state of the global generators when it exits."""
        return torch.random.fork_rng(self._rng_devices)

    @property
    def _rng_devices(self) -> list[torch.device]:
        return [self._device] if self._device.type == "cuda" else []


def compiled_network(network: nn.Module) -> Forward:
    """Return the network under ``torch.compile``, which compiles it at its first call."""
    return torch.compile(network, dynamic=False, fullgraph=True)


@dataclass(frozen=True)
class _GradientGraph:
    """CUDA graph of the gradient for one batch size, with the gradients that it writes.

    ``key`` is the micro-batch and batch size; ``replay`` is None where capturing failed.
    """

    replay: CapturedGraph | None
    key: tuple[int | None, int]
    grads: list[Tensor | None]
