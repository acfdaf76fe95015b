"""Models to draw with, from a checkpoint or from a training in progress, and their LRU cache."""

from __future__ import annotations

import copy
import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import torch

from ddpm_studio.catalogue.origins import require
from ddpm_studio.engine import DiffusionProcess, Network, Precision, to_bf16
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.machine.device import choose_device, numbered
from ddpm_studio.requests import Device, DrawRequest, Weights
from ddpm_studio.runs import Checkpoint, RunFolder, RunInfo
from ddpm_studio.runs.averages import rebuild_average
from ddpm_studio.runs.info import NEEDED_TO_DRAW
from ddpm_studio.runs.weights import network_from_state_dict

_CACHE_SIZE = 3
_HASHED_VALUES = 1024


@dataclass(frozen=True)
class Model:
    """A network ready to draw with; its weights are constant."""

    network: Network
    process: DiffusionProcess
    info: RunInfo
    run: Path
    step: int
    weights: Weights
    device: torch.device

    def network_in(self, precision: Precision) -> Network:
        """Return the network to evaluate in this precision."""
        return self._half if precision == "bf16" else self.network

    @cached_property
    def _half(self) -> Network:
        return to_bf16(self.network)

    @cached_property
    def fingerprint(self) -> str:
        """Fingerprint of the weights, independent of where the run folder is."""
        digest = hashlib.sha256()
        for key, tensor in self.network.state_dict().items():
            digest.update(key.encode())
            # Every step of training changes every tensor, so its beginning suffices.
            digest.update(tensor.flatten()[:_HASHED_VALUES].cpu().numpy().tobytes())
        return digest.hexdigest()[:32]


@dataclass(frozen=True)
class LiveTraining:
    """Access to a training in progress: its current step and its networks."""

    step: Callable[[], int]
    network: Callable[[Weights], Network]
    device: torch.device


# Distinguishes a checkpoint, or a training, from another one that replaced it.
_Identity = tuple[int, ...]
_Key = tuple[Path, _Identity, int, Weights, torch.device, float | None]


class ModelStore:
    """Provides models, with an LRU cache; a store must be used in a single thread.

    A run that is being trained by this program is provided with its current weights, any other run
    with those of its newest checkpoint.
    """

    def __init__(self) -> None:
        self._live: dict[Path, tuple[RunInfo, LiveTraining, _Identity]] = {}
        self._cache: OrderedDict[_Key, Model] = OrderedDict()
        self._training_ids = count(1)

    def attach(self, run: Path, info: RunInfo, training: LiveTraining) -> None:
        """Register a training in progress."""
        self._live[run.resolve()] = (info, training, (next(self._training_ids),))

    def detach(self, run: Path) -> None:
        """Unregister a training that has ended."""
        self._live.pop(run.resolve(), None)

    def get(
        self,
        run: Path,
        weights: Weights,
        device: Device = "auto",
        step: int | None = None,
        ema_length: float | None = None,
    ) -> Model:
        """Return the run's newest model, or that of the checkpoint at ``step``.

        Args:
            run: the run folder.
            weights: averaged or raw weights.
            device: device to compute on.
            step: step of the checkpoint; None for the newest weights.
            ema_length: σ_rel of another average at the checkpoint, reconstructed in place of the
                training's own; None for that one.

        Raises:
            StudioError: if it is no run folder, has no such checkpoint or average, or is damaged.
        """
        path = run.resolve()
        if ema_length is not None and weights != "ema":
            raise StudioError("Raw weights are no average.", "Leave the EMA length out.")
        if path in self._live and step is None and ema_length is None:
            info, training, identity = self._live[path]
            step, torch_device = training.step(), training.device
            key: _Key = (path, identity, step, weights, torch_device, None)
            return self._cached(key, info, lambda: copy.deepcopy(training.network(weights)))
        folder = RunFolder.open(run)
        require(f"The run {path.name}", folder.info.plugins, NEEDED_TO_DRAW)
        checkpoint = folder.newest() if step is None else folder.checkpoint(step)
        # Which GPU is current may change while the model is in the cache.
        torch_device = numbered(choose_device(device))

        def load() -> Network:
            config = folder.info.network_config()
            try:
                tensors = (
                    checkpoint.load("ema" if weights == "ema" else "model", config)
                    if ema_length is None
                    else rebuild_average(folder, checkpoint, ema_length)
                )
                return network_from_state_dict(config, tensors)
            except ValueError as error:
                raise StudioError(
                    f"The weights of {checkpoint.path} do not fit its run.json.",
                    "The run folder was changed by hand or mixed with another.",
                    str(error),
                ) from error

        key = (path, _identity(checkpoint), checkpoint.step, weights, torch_device, ema_length)
        return self._cached(key, folder.info, load)

    def for_drawing(self, run: Path, request: DrawRequest) -> Model:
        """Return the model for a request to draw; see :meth:`get`."""
        return self.get(
            run, request.weights, request.device, request.checkpoint, request.ema_length
        )

    def _cached(self, key: _Key, info: RunInfo, load: Callable[[], Network]) -> Model:
        path, _, step, weights, device, _ = key
        if key not in self._cache:
            network = load().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
            network = network.eval().requires_grad_(False)
            self._cache[key] = Model(
                network, info.process.build(), info, path, step, weights, device
            )
        self._cache.move_to_end(key)
        while len(self._cache) > _CACHE_SIZE:
            self._cache.popitem(last=False)
        return self._cache[key]


def _identity(checkpoint: Checkpoint) -> _Identity:
    try:
        status = (checkpoint.path / "state.json").stat()
    except OSError:
        # Reading it will report the error.
        return ()
    return status.st_ino, status.st_mtime_ns
