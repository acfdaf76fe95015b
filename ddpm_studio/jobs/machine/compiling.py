"""torch.compile of networks on a GPU, where a measured and remembered speed-up pays for it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import logging
import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Generator
from functools import partial
from typing import TypeVar, cast

import torch
from torch import Tensor

from ddpm_studio import paths
from ddpm_studio.engine import Network, Trainer
from ddpm_studio.engine.device.accelerator import compiled_network
from ddpm_studio.engine.device.cuda_graph import GraphedDenoiser
from ddpm_studio.errors import is_device_lost, is_out_of_memory
from ddpm_studio.jobs.events import Event, InfoNotice, Notice, Progress
from ddpm_studio.jobs.machine.device import describe
from ddpm_studio.jobs.machine.measurement_cache import read_cache, write_cache

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_FILE = "compiled.json"
_MAX_BYTES = 1 << 18
# Compile time and speed-up assumed until they were measured on a machine; the saved time must be
# ``_MIN_SAVED_RATIO`` times the compile time.
_DEFAULT_SECONDS, _DEFAULT_GAIN = 120.0, 1.6
_MIN_SAVED_RATIO = 2.0
_MIN_GAIN = 1.05
# Warm-up calls, in which kernels are chosen and recorded, and calls that are timed.
_WARMUP_CALLS, _TIMED_CALLS = 5, 5
# With fewer evaluations nothing is timed, since timing synchronises with the device.
_MIN_EVALUATIONS = 100


# Cache keys of networks that this process has compiled, which takes no time again, and of those
# that it failed to compile.
_compiled_keys: set[str] = set()
_failed_keys: set[str] = set()


class CompileEstimate:
    """Compile time and speed-up of one network for batches of one size, measured or assumed.

    Args:
        network: the network, with its weights on the device that computes.
        batch: pictures in a batch.
        purpose: part of the cache key that separates networks of one architecture that are compiled
            differently, such as for training and for drawing.
        allowed: if False, the network is never compiled.
    """

    def __init__(self, network: Network, batch: int, purpose: str, allowed: bool = True) -> None:
        device = next(network.parameters()).device
        self.is_possible = allowed and device.type == "cuda" and _available()
        description = [network.config.to_dict(), batch, purpose, network.precision]
        digest = hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()[:16]
        name = describe(device) if self.is_possible else device.type
        self._key = f"{platform.node()} · {name} · torch {torch.__version__} · {digest}"

    def __call__(self, seconds: float, calls: int) -> bool:
        """Whether compiling pays for ``calls`` more calls that take ``seconds`` each."""
        if not self.is_possible or self._key in _failed_keys:
            return False
        compile_seconds, gain = self._cached()
        saved = calls * seconds * (1 - 1 / max(gain, 1.0))
        return gain >= _MIN_GAIN and saved >= _MIN_SAVED_RATIO * compile_seconds

    @property
    def compile_seconds(self) -> float:
        """Seconds that compiling takes: measured, else assumed; 0 if this process has done it."""
        return self._cached()[0]

    def compile(self, work: Callable[[], _T]) -> _T:
        """Run the function that triggers compilation, and store how long it took.

        Raises:
            Exception: any error of torch. This process does not try again after one, unless memory
                ran out or the device was lost.
        """
        folder = str(paths.cache_dir() / "compiled")
        os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", folder)
        # The precision of matrix products was chosen deliberately; torch suggests a coarser one.
        warnings.filterwarnings("ignore", message="TensorFloat32 tensor cores")
        start_time = time.perf_counter()
        try:
            result = work()
        except Exception as error:
            if not is_out_of_memory(error) and not is_device_lost(error):
                # For this process only: a compiler may be installed later, or disk space freed.
                _failed_keys.add(self._key)
            raise
        self._store(time.perf_counter() - start_time, self._cached()[1])
        _compiled_keys.add(self._key)
        return result

    def record_gain(self, gain: float) -> bool:
        """Store the measured speed-up factor; return whether it is worth keeping compiled."""
        self._store(self._cached(afresh=True)[0], gain)
        return gain >= _MIN_GAIN

    def _cached(self, afresh: bool = False) -> tuple[float, float]:
        entry = read_cache(paths.cache_dir() / _FILE, _MAX_BYTES).get(self._key, {})
        compile_seconds, gain = _DEFAULT_SECONDS, _DEFAULT_GAIN
        with contextlib.suppress(TypeError, ValueError, KeyError):
            compile_seconds, gain = float(entry["seconds"]), float(entry["gain"])
        return (0.0 if self._key in _compiled_keys and not afresh else compile_seconds), gain

    def _store(self, seconds: float, gain: float) -> None:
        file = paths.cache_dir() / _FILE
        entry = {"seconds": round(seconds, 1), "gain": round(gain, 3)}
        other_entries = {k: v for k, v in read_cache(file, _MAX_BYTES).items() if k != self._key}
        write_cache(file, {**other_entries, self._key: entry})


class CallTimer:
    """Timer of a few calls that compute on a GPU, after some warm-up calls."""

    def __init__(self) -> None:
        self._calls = 0
        self._seconds: list[float] = []

    def run(self, call: Callable[[], _T]) -> _T:
        """Return the result of ``call``, timed with synchronisation after the warm-up calls."""
        self._calls += 1
        if self._calls <= _WARMUP_CALLS:
            return call()
        torch.cuda.synchronize()
        start_time = time.perf_counter()
        result = call()
        torch.cuda.synchronize()
        self._seconds.append(time.perf_counter() - start_time)
        return result

    @property
    def seconds(self) -> float | None:
        """Seconds of the fastest call; None until enough were timed."""
        return min(self._seconds) if len(self._seconds) >= _TIMED_CALLS else None


class TrainingCompiler:
    """Compiles the network of a training once that pays, and reverts if it is not faster.

    Args:
        trainer: the trainer, whose accelerator compiles.
        total: number of steps of the training.
        allowed: if False, the network is never compiled, as where sums must be deterministic.
    """

    def __init__(self, trainer: Trainer, total: int, allowed: bool) -> None:
        self._trainer, self._total = trainer, total
        # Master weights are float32 whatever the precision of the computation, so the key names it.
        purpose = f"train in {trainer.config.precision}"
        self._estimate = CompileEstimate(trainer.model, trainer.config.batch_size, purpose, allowed)
        self._timer: CallTimer | None = CallTimer() if self._estimate.is_possible else None
        self._eager_seconds: float | None = None

    def step(self, run: Callable[[], _T]) -> _T:
        """Take a training step, timing some of them."""
        return run() if self._timer is None else self._timer.run(run)

    def after_step(self) -> Generator[Event, None, None]:
        """Compile, keep the compiled network or revert to eager, once enough steps were timed."""
        if self._timer is None or self._timer.seconds is None:
            return
        seconds, self._timer = self._timer.seconds, None
        steps_left = self._total - self._trainer.step_number
        if self._eager_seconds is not None:
            if not self._trainer.accelerator.compiled:
                # The trainer has reverted to eager by itself, as memory ran out meanwhile.
                return
            gain = self._eager_seconds / seconds
            if self._estimate.record_gain(gain):
                yield InfoNotice(f"The network is compiled: steps are {gain:.1f} times as fast.")
            else:
                self._trainer.accelerator.plain()
        elif self._estimate(seconds, steps_left):
            minutes = max(1, round(self._estimate.compile_seconds / 60))
            text = f"Compiling the network for this GPU, some {minutes} min"
            yield Progress(self._trainer.step_number, self._total, text)
            yield from self._compile(seconds)

    def _compile(self, eager_seconds: float) -> Generator[Event, None, None]:
        try:
            self._estimate.compile(self._trainer.compile)
        except Exception as error:
            if is_device_lost(error):
                raise
            reason = _first_line(error)
        else:
            self._eager_seconds, self._timer = eager_seconds, CallTimer()
            return
        yield Notice(f"The network could not be compiled, training goes on without: {reason}")


class DrawingNetwork:
    """Denoiser in a CUDA graph, compiled where the expected number of evaluations pays for it.

    Args:
        network: the network, in the precision to compute in.
        predict: (network, x_t, t), and labels if it is called with them → prediction.
        evaluations: expected number of evaluations, as far as is known.
        purpose: see :class:`CompileEstimate`.
    """

    def __init__(
        self,
        network: Network,
        predict: Callable[..., Tensor],
        evaluations: int,
        purpose: str = "draw",
    ) -> None:
        self._network, self._predict, self._purpose = network, predict, purpose
        self._shape: torch.Size | None = None
        self._denoiser = self._in_cuda_graph(network)
        self._evaluations_left = evaluations
        self._timer: CallTimer | None = None
        if next(network.parameters()).device.type == "cuda" and evaluations >= _MIN_EVALUATIONS:
            self._timer = CallTimer()
        self._estimate: CompileEstimate | None = None
        self._eager_seconds: float | None = None

    def __call__(self, x: Tensor, /, *args: Tensor) -> Tensor:
        """See :class:`~ddpm_studio.engine.process.Denoiser`; t and labels are of shape (N,)."""
        self._evaluations_left -= 1
        if x.shape != self._shape:
            if self._shape is not None and (self._timer or self._eager_seconds):
                # Otherwise it would be compiled again for each new batch size.
                self._denoiser = self._in_cuda_graph(self._network)
                self._timer = self._eager_seconds = None
            self._shape = x.shape
        if self._timer is None:
            return self._denoiser(x, *args)
        prediction = self._timer.run(lambda: self._denoiser(x, *args))
        seconds = self._timer.seconds
        if seconds is not None:
            self._timer = None
            self._compile_if_worthwhile(seconds, x, *args)
        return prediction

    def release_graphs(self) -> None:
        """Free the memory of the recorded CUDA graphs."""
        self._denoiser.release_graphs()

    def _compile_if_worthwhile(self, seconds: float, x: Tensor, *args: Tensor) -> None:
        """Compile, keep the compiled denoiser or revert to the eager one."""
        if self._estimate is None:
            allowed = not torch.are_deterministic_algorithms_enabled()
            self._estimate = CompileEstimate(self._network, len(x), self._purpose, allowed)
        if self._eager_seconds is not None:
            if not self._estimate.record_gain(self._eager_seconds / seconds):
                self._denoiser = self._in_cuda_graph(self._network)
        elif self._estimate(seconds, self._evaluations_left):
            compiled = self._in_cuda_graph(cast(Network, compiled_network(self._network)))
            try:
                self._estimate.compile(lambda: compiled(x, *args))
            except Exception as error:
                if is_device_lost(error):
                    raise
                _log.warning("The network could not be compiled: %s", error)
            else:
                self._denoiser, self._eager_seconds, self._timer = compiled, seconds, CallTimer()

    def _in_cuda_graph(self, network: Network) -> GraphedDenoiser:
        return GraphedDenoiser(partial(self._predict, network))


def _available() -> bool:
    """Whether torch.compile works here: it starts Python, which a frozen program can't."""
    switches = ("TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE")
    switched_off = any(os.environ.get(name, "0") not in ("", "0") for name in switches)
    frozen = getattr(sys, "frozen", False)
    return not switched_off and not frozen and importlib.util.find_spec("triton") is not None


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
