"""CUDA graphs: kernels recorded once and replayed, where launching them one by one takes longer."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable

import torch
from torch import Tensor

_log = logging.getLogger(__name__)
# Calls whose kernels are launched one by one first: what is asked for so seldom is not worth more.
UNRECORDED = 2
# Not empty once a recording could not even be ended: this process tries no other.
_broken: list[bool] = []
# Streams that no recording uses any more. cuBLAS keeps work space for each stream, some 30 MiB, and
# torch may give it back with any recording of that stream: no two that live share one.
_idle: dict[torch.device, list[torch.cuda.Stream]] = {}


class Captured:
    """A function of tensors, recorded as a CUDA graph; each call replays it on new inputs.

    Args:
        function: what to record: it must not wait for the device, and random numbers may come
            from the default generator alone, whose seed at the time of the call counts.
        inputs: shapes, types and layouts of its arguments, on the GPU; None stays None.

    Raises:
        RuntimeError: if the function can't be recorded, or the memory does not suffice.
    """

    def __init__(
        self, function: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor | None, ...]
    ) -> None:
        self._inputs = tuple(None if given is None else given.clone() for given in inputs)
        self._graph = torch.cuda.CUDAGraph()
        device = next(given.device for given in inputs if given is not None)
        # A stream of another GPU would record nothing, and each replay return the same.
        with torch.cuda.device(device):
            self._record(function, device)

    def _record(self, function: Callable[..., tuple[Tensor, ...]], device: torch.device) -> None:
        # Not torch.cuda.graph, which collects garbage, and with it what another thread owns.
        idle = _idle.setdefault(device, [])
        stream: torch.cuda.Stream = idle.pop() if idle else torch.cuda.Stream()  # type: ignore[no-untyped-call]
        weakref.finalize(self, idle.append, stream)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            # What libraries set up at their first call can't be recorded.
            with torch.random.fork_rng([device]):
                function(*self._inputs)
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            # Other threads may go on with their own work.
            self._graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._outputs = function(*self._inputs)
            except BaseException:
                with contextlib.suppress(RuntimeError):
                    self._end()
                raise
            self._end()
        torch.cuda.current_stream().wait_stream(stream)

    def _end(self) -> None:
        try:
            self._graph.capture_end()
        except RuntimeError:
            # What torch had begun stays so: the memory taken, the generator in a recording.
            _broken.append(True)
            raise

    def __call__(self, *inputs: Tensor | None) -> tuple[Tensor, ...]:
        """Return copies of the outputs for these inputs, which must be as the first were."""
        for place, given in zip(self._inputs, inputs, strict=True):
            if place is not None and given is not None:
                place.copy_(given)
        self._graph.replay()
        return tuple(output.clone() for output in self._outputs)


def captured(
    function: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor | None, ...]
) -> Captured | None:
    """Record a function; None where that is not possible, which is written to the log.

    Raises:
        torch.OutOfMemoryError: if the memory does not suffice.
    """
    if _broken:
        return None
    try:
        return Captured(function, inputs)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        _log.warning("The kernels can't be recorded, they are launched one by one: %s", error)
        return None


class Replayed:
    """A denoiser that, on a GPU, is recorded at its third call in a row with batches of one shape.

    The recording stays until another shape has come as often: the last piece of many is smaller.

    Args:
        denoiser: it must follow x_t, t and, where it is given them, labels alone, and be called
            without gradients.
    """

    def __init__(self, denoiser: Callable[..., Tensor]) -> None:
        self._denoiser = denoiser
        self._shape: torch.Size | None = None
        self._calls = 0
        self._captured: Captured | None = None
        self._captured_shape: torch.Size | None = None

    def __call__(self, x: Tensor, /, *more: Tensor) -> Tensor:
        """See :class:`~ddpm_studio.engine.process.Denoiser`; t and labels are of shape (N,)."""
        if x.device.type != "cuda":
            return self._denoiser(x, *more)
        if x.shape != self._shape:
            self._shape, self._calls = x.shape, 0
        self._calls += 1
        if self._calls == UNRECORDED + 1 and x.shape != self._captured_shape:
            # The memory of the old one first.
            self._captured = self._captured_shape = None
            self._captured = captured(lambda *batch: (self._denoiser(*batch),), (x, *more))
            self._captured_shape = x.shape
        if self._captured is None or x.shape != self._captured_shape:
            return self._denoiser(x, *more)
        return self._captured(x, *more)[0]

    def forget_recorded(self) -> None:
        """Give back the memory of recorded kernels."""
        self._captured = self._captured_shape = self._shape = None
