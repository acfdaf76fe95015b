"""On-disk cache of the weights of trained feature spaces, keyed by their training data."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ddpm_studio.paths import temporary_path

_FOLDER = "features"


def load_cached(cache: Path | None, key: str) -> dict[str, Tensor] | None:
    """Look up the tensors of a cache key; None if there are none.

    Args:
        cache: root folder of the cache; None: no cache.
        key: cache key, usable as a file name.
    """
    if cache is None:
        return None
    try:
        # Not memory-mapped: if another program truncated the file, this one would crash (SIGBUS).
        return load_file(_file(cache, key), backend="pread")
    except (OSError, SafetensorError):
        return None


def store(cache: Path | None, key: str, tensors: Mapping[str, Tensor]) -> None:
    """Store tensors under a cache key by an atomic write; do nothing if it can't be written."""
    if cache is None:
        return
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    file = _file(cache, key)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_path(file.parent)
        try:
            temporary.write_bytes(content)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


def _file(cache: Path, key: str) -> Path:
    return cache / _FOLDER / f"{key}.safetensors"
