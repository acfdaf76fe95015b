"""CUDA graphs: kernels captured once and replayed, which saves the overhead of their launches."""

from __future__ import annotations

import contextlib
import logging
import weakref
from collections.abc import Callable

import torch
from torch import Tensor

_log = logging.getLogger(__name__)
# Eager calls before capturing: a function that is called no more often isn't worth a capture.
WARMUP_CALLS = 2
# Not empty once a capture could not be ended cleanly: this process attempts no other.
_failed_captures: list[bool] = []
# Streams of graphs that are gone, for reuse. cuBLAS keeps a workspace per stream, some 30 MiB, and
# torch may free it with any graph captured on that stream: no two live graphs share one.
_idle_streams: dict[torch.device, list[torch.cuda.Stream]] = {}


class CapturedGraph:
    """CUDA graph of a function of tensors; each call replays it on new inputs.

    Args:
        function: the function to capture. It must not synchronise with the device, and may draw
            random numbers from the default generator only, whose seed at the time of the replay
            applies.
        inputs: example arguments on the GPU with their shapes, dtypes and memory formats; an
            argument that is None stays None.

    Raises:
        RuntimeError: if the function can't be captured, or memory is insufficient.
    """

    def __init__(
        self, function: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor | None, ...]
    ) -> None:
        self._inputs = tuple(None if given is None else given.clone() for given in inputs)
        self._graph = torch.cuda.CUDAGraph()
        device = next(given.device for given in inputs if given is not None)
        # On another GPU's stream nothing would be captured: each replay would return the same.
        with torch.cuda.device(device):
            self._capture(function, device)

    def _capture(self, function: Callable[..., tuple[Tensor, ...]], device: torch.device) -> None:
        # Not torch.cuda.graph: it runs gc.collect(), which may finalise another thread's objects.
        idle = _idle_streams.setdefault(device, [])
        stream: torch.cuda.Stream = idle.pop() if idle else torch.cuda.Stream()  # type: ignore[no-untyped-call]
        weakref.finalize(self, idle.append, stream)
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            # Warm-up: libraries' initialisation at their first call can't be captured.
            with torch.random.fork_rng([device]):
                function(*self._inputs)
            torch.cuda.synchronize()
            torch.cuda.empty_cache()
            # thread_local: CUDA calls of other threads don't invalidate the capture.
            self._graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._outputs = function(*self._inputs)
            except BaseException:
                with contextlib.suppress(RuntimeError):
                    self._end_capture()
                raise
            self._end_capture()
        torch.cuda.current_stream().wait_stream(stream)

    def _end_capture(self) -> None:
        try:
            self._graph.capture_end()
        except RuntimeError:
            # torch is left mid-capture: the memory stays allocated, the generator in capture mode.
            _failed_captures.append(True)
            raise

    def __call__(self, *inputs: Tensor | None) -> tuple[Tensor, ...]:
        """Replay the graph; return copies of its outputs.

        The inputs must have the shapes and dtypes of the example arguments.
        """
        for buffer, given in zip(self._inputs, inputs, strict=True):
            if buffer is not None and given is not None:
                buffer.copy_(given)
        self._graph.replay()
        return tuple(output.clone() for output in self._outputs)


def capture_graph(
    function: Callable[..., tuple[Tensor, ...]], inputs: tuple[Tensor | None, ...]
) -> CapturedGraph | None:
    """Capture a function as a CUDA graph; log a warning and return None where that fails.

    Raises:
        torch.OutOfMemoryError: if memory is insufficient.
    """
    if _failed_captures:
        return None
    try:
        return CapturedGraph(function, inputs)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        _log.warning("The kernels can't be recorded, they are launched one by one: %s", error)
        return None


class GraphedDenoiser:
    """A denoiser replayed from a CUDA graph, on a GPU, from the third call in a row with one shape.

    The graph is kept until another shape has been called as often, since the last chunk of many is
    often smaller.

    Args:
        denoiser: its output must depend only on x_t, t and, where given, labels; it must be called
            without gradients.
    """

    def __init__(self, denoiser: Callable[..., Tensor]) -> None:
        self._denoiser = denoiser
        self._shape: torch.Size | None = None
        self._calls = 0
        self._captured: CapturedGraph | None = None
        self._captured_shape: torch.Size | None = None

    def __call__(self, x: Tensor, /, *conditioning: Tensor) -> Tensor:
        """See :class:`~ddpm_studio.engine.process.Denoiser`; t and labels are of shape (N,)."""
        if x.device.type != "cuda":
            return self._denoiser(x, *conditioning)
        if x.shape != self._shape:
            self._shape, self._calls = x.shape, 0
        self._calls += 1
        if self._calls == WARMUP_CALLS + 1 and x.shape != self._captured_shape:
            # Free the old graph's memory before capturing another.
            self._captured = self._captured_shape = None
            self._captured = capture_graph(
                lambda *batch: (self._denoiser(*batch),), (x, *conditioning)
            )
            self._captured_shape = x.shape
        if self._captured is None or x.shape != self._captured_shape:
            return self._denoiser(x, *conditioning)
        return self._captured(x, *conditioning)[0]

    def release_graphs(self) -> None:
        """Free the CUDA graph's memory."""
        self._captured = self._captured_shape = self._shape = None
