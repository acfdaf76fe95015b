"""Weights of feature spaces that took long to train, kept by what they were trained on."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor

from ddpm_studio.paths import unfinished

_FOLDER = "features"


def find(cache: Path | None, key: str) -> dict[str, Tensor] | None:
    """Return the tensors that are kept under a key; None if there are none.

    Args:
        cache: the cache's root; None: nothing is kept.
        key: letters and digits.
    """
    if cache is None:
        return None
    try:
        # Not mapped: a file that another program cuts short would end this one.
        return load_file(_file(cache, key), backend="pread")
    except (OSError, SafetensorError):
        return None


def keep(cache: Path | None, key: str, tensors: Mapping[str, Tensor]) -> None:
    """Keep tensors under a key; do without where nothing can be written."""
    if cache is None:
        return
    content = save({name: tensor.contiguous() for name, tensor in tensors.items()})
    file = _file(cache, key)
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = unfinished(file.parent)
        try:
            temporary.write_bytes(content)
            temporary.replace(file)
        finally:
            temporary.unlink(missing_ok=True)


def _file(cache: Path, key: str) -> Path:
    return cache / _FOLDER / f"{key}.safetensors"
