"""Weights files of feature extractors: read without unpickling code, identified by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ddpm_studio.errors import printable
from ddpm_studio.metrics.features.resizing import ON_WHITE, describe_resize
from ddpm_studio.pickles.torch_file import TensorRef, is_torch_file, open_torch_file
from ddpm_studio.strict_json import require_file

_N = TypeVar("_N", bound=nn.Module)

# Maximum size of a file, larger than any feature extractor.
_MAX_BYTES = 8 << 30
_CHUNK = 1 << 20
_MAX_LISTED = 6


@dataclass(frozen=True, eq=False)
class WeightsFile:
    """Weights read from a file.

    Args:
        tensors: tensors by their names in the file.
        name: name of the file.
        sha256: hex digest of the file's bytes.
    """

    tensors: Mapping[str, Tensor]
    name: str
    sha256: str

    def details(self, size: tuple[int, int], side: int) -> dict[str, object]:
        """Return JSON-serialisable details of the features of a network with these weights.

        Args:
            size: (H, W) of the pictures.
            side: side of the network's input in pixels.
        """
        return {
            "weights_file": self.name,
            "weights_sha256": self.sha256,
            "pictures_seen_as": f"RGB, {describe_resize(*size, (side, side))}",
            "alpha": ON_WHITE,
        }

    def build_network(self, make: Callable[[], _N]) -> _N:
        """Build a network by ``make`` and load these weights, for inference.

        It is built on the meta device, so that torch's global generator is not advanced.

        Raises:
            ValueError: as :meth:`load_into`.
        """
        with torch.device("meta"):
            network = make()
        network = network.to_empty(device="cpu").eval().requires_grad_(False)
        self.load_into(network)
        return network

    def load_into(self, network: nn.Module) -> None:
        """Load all of a network's tensors; superfluous tensors of the file are ignored.

        Raises:
            ValueError: if one is missing, or has another shape.
        """
        required = network.state_dict()
        for name, tensor in required.items():
            given = self.tensors.get(name)
            # BatchNorm's counter has no effect at inference, and some files omit it.
            if given is None and name.endswith("num_batches_tracked"):
                continue
            if given is None or given.shape != tensor.shape:
                shape = "is missing" if given is None else f"has the shape {tuple(given.shape)}"
                raise ValueError(f"{self.name} holds another network: {name} {shape}")
        known = {name: self.tensors[name] for name in required if name in self.tensors}
        network.load_state_dict(known, strict=False)


def read_weights(path: Path) -> WeightsFile:
    """Read a safetensors file, or a ``state_dict`` written by ``torch.save``.

    Raises:
        OSError: if the file can't be read.
        ValueError: if it is damaged or too large, or holds no table of tensors.
    """
    if require_file(path).st_size > _MAX_BYTES:
        raise ValueError(f"it is larger than {_MAX_BYTES:,} bytes")
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return WeightsFile(_tensors(path), path.name, digest.hexdigest())


def _tensors(path: Path) -> dict[str, Tensor]:
    if not is_torch_file(path):
        try:
            # Not memory-mapped: if another program truncated the file, this one would crash.
            return load_file(path, backend="pread")
        except SafetensorError as error:
            raise ValueError(f"it is no file of weights ({str(error)[:100]})") from error
    with open_torch_file(path) as file:
        if not isinstance(file.tree, dict):
            raise ValueError("it is no table of weights")
        tree = file.tree
        refs = {n: v for n, v in tree.items() if isinstance(n, str) and isinstance(v, TensorRef)}
        if not refs:
            # For example a training checkpoint, in which the state_dict is one of several items.
            names = ", ".join(printable(str(name), 40) for name in list(tree)[:_MAX_LISTED])
            raise ValueError(f"it is no table of weights but of {names or 'nothing'}")
        return {name: file.load(ref) for name, ref in refs.items()}
