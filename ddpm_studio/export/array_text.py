"""Arrays as text in a recipe (zlib and base64): its input pictures, masks and latents."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.errors import StudioError

Array = npt.NDArray[Any]

# Limit for the text of all arrays of a recipe, which may have 1 MiB in all.
_MAX_TEXT = 640 << 10
_MAX_BYTES = 16 << 20
_MAX_AXES = 4
_DTYPES = ("uint8", "bool", "float32")


def pack(arrays: Mapping[str, Array]) -> dict[str, object]:
    """Serialise arrays to JSON: dtype, shape, checksum and, if there is room, the content.

    Args:
        arrays: uint8, bool or float32, by name. Those that exceed the limit of 640 KiB in all are
            described without their content.

    Raises:
        ValueError: for another dtype.
    """
    packed: dict[str, object] = {}
    remaining = _MAX_TEXT
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES:
            raise ValueError(f"{name} has the type {array.dtype}, not one of {_DTYPES}")
        content = np.ascontiguousarray(array).tobytes()
        entry: dict[str, object] = {
            "dtype": array.dtype.name,
            "shape": list(array.shape),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        text = base64.b64encode(zlib.compress(content, 9)).decode()
        if len(text) <= remaining:
            entry["zlib"] = text
            remaining -= len(text)
        packed[name] = entry
    return packed


def unpack(name: str, entry: object) -> Array:
    """Deserialise one array written by :func:`pack`, from an untrusted file.

    Args:
        name: its name, for errors.
        entry: its JSON value.

    Raises:
        StudioError: if the content was too large to be included, or is damaged.
    """
    damaged = StudioError(
        f"The recipe's {name} is damaged.", "Take a copy of the picture that was not changed."
    )
    if not isinstance(entry, dict):
        raise damaged
    dtype, shape, text = entry.get("dtype"), entry.get("shape"), entry.get("zlib")
    if dtype not in _DTYPES or not isinstance(shape, list) or not 0 < len(shape) <= _MAX_AXES:
        raise damaged
    if not all(type(n) is int and n > 0 for n in shape):
        raise damaged
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if size > _MAX_BYTES:
        raise damaged
    if text is None:
        axes = " × ".join(str(n) for n in shape)
        raise StudioError(
            f"The recipe names the {name} ({axes}), but it was too large to be carried along.",
            "Open the picture it was made from in the tool, and draw again.",
        )
    try:
        # One byte more than the shape needs, to detect excess data without decompressing it all.
        content = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (TypeError, ValueError, binascii.Error, zlib.error) as error:
        raise damaged from error
    if len(content) != size or hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise damaged
    values = np.frombuffer(content, "uint8" if dtype == "bool" else dtype).reshape(shape)
    array: Array = values != 0 if dtype == "bool" else values.copy()
    return array
