"""NumPy files as pictures, never unpickled: ``.npy`` and ``.npz``."""

from __future__ import annotations

import math
import zipfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.formats.archives import Budget, open_zip
from ddpm_studio.data.formats.file_rows import FileRows
from ddpm_studio.data.formats.folders import MAX_FILES, unreadable
from ddpm_studio.data.formats.npy_header import NpyHeader, PickledArrayError, read_npy_header
from ddpm_studio.data.items import Item, Pixels
from ddpm_studio.errors import StudioError
from ddpm_studio.picture_shape import MOST_BANDS, MOST_COLOURS

#: Largest array that is unpacked into memory.
MAX_ARRAY_BYTES = 16 * 2**30

_IMAGE_KEYS = ("images", "x", "arr_0", "x_train")
_LABEL_KEYS = ("labels", "y", "y_train")
_SHAPES = "Save pictures as (N, H, W), (N, H, W, C) or (N, C, H, W), with up to 64 channels."
_VALUES = "Save pictures as uint8, or as floats from 0 to 1 or from −1 to 1."
_ROWS_AT_ONCE = 1024
_LOST = "See that the file and its disk are there, then prepare the pictures again."

Labels = npt.NDArray[np.int64]
Array = npt.NDArray[Any]


class Rows(Protocol):
    """An array along its first axis: in memory, or in a file that can be lost."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the whole array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the array."""

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> Array:
        """Return these rows."""


def npy_items(path: Path, tree: int, stack: ExitStack) -> tuple[list[Item], list[str]]:
    """Return the pictures of a ``.npy`` file and warnings; it is read until ``stack`` closes it.

    Raises:
        StudioError: it is pickled, damaged or of a shape or type that is no pictures.
    """
    try:
        images = _file_rows(path, stack)
    except OSError as error:
        raise unreadable(path, error) from error
    except PickledArrayError as error:
        raise _pickled(path.name) from error
    except ValueError as error:
        raise _damaged(path.name, error) from error
    return array_items(path.name, images, None, tree)


def map_array(path: Path) -> Array:
    """Return a ``.npy`` file's array, mapped into memory, read-only.

    Raises:
        OSError: it can't be read.
        ValueError: it is damaged, pickled, or no array of plain numbers.
    """
    header = _header(path)
    order: Literal["C", "F"] = "F" if header.fortran else "C"
    if not header.size:
        return np.empty(header.shape, header.dtype, order)
    return np.memmap(path, header.dtype, "r", header.offset, header.shape, order)


def _header(path: Path) -> NpyHeader:
    with path.open("rb") as stream:
        header = read_npy_header(stream)
        held = stream.seek(0, 2) - header.offset
    if header.size > held:
        raise ValueError("it is cut short")
    return header


def _file_rows(path: Path, stack: ExitStack) -> Rows:
    header = _header(path)
    if not header.fortran:
        rows = FileRows(path, header.offset, header.shape, header.dtype, _LOST)
        stack.callback(rows.close)
        return rows
    # A picture's values lie all over the file.
    if header.size > MAX_ARRAY_BYTES:
        raise ValueError("it is in Fortran order and too large for that")
    with path.open("rb") as stream:
        stream.seek(header.offset)
        flat = np.frombuffer(stream.read(header.size), header.dtype)
    return flat.reshape(header.shape, order="F")


def npz_items(path: Path, tree: int) -> tuple[list[Item], list[str]]:
    """Return the pictures of a ``.npz`` file, with its labels, and warnings.

    Raises:
        StudioError: as :func:`npy_items`, or it has no array under a known name.
    """
    with ExitStack() as stack:
        archive = open_zip(path, stack)
        members = {name.removesuffix(".npy").casefold(): name for name in archive.namelist()}
        image_key = next((key for key in _IMAGE_KEYS if key in members), None)
        if image_key is None:
            held = ", ".join(sorted(members)[:6]) or "nothing"
            raise StudioError(
                f"{path.name} holds {held}, and no pictures by a known name.",
                f"Name the array one of {', '.join(_IMAGE_KEYS)}.",
            )
        label_key = next((key for key in _LABEL_KEYS if key in members), None)
        budget = Budget(path)
        try:
            images = _read_member(archive, members[image_key], budget)
            labels = _read_member(archive, members[label_key], budget) if label_key else None
        except (StudioError, MemoryError):
            raise
        except PickledArrayError as error:
            raise _pickled(path.name) from error
        except Exception as error:  # untrusted bytes make the parser raise nearly anything
            raise _damaged(path.name, error) from error
    return array_items(path.name, images, labels, tree)


def array_items(
    name: str, images: Rows, labels: Array | None, tree: int
) -> tuple[list[Item], list[str]]:
    """Return each picture of an array as an item, and warnings.

    Args:
        name: what people know the array by.
        images: (N, H, W), (N, H, W, C) or (N, C, H, W); C up to 4, or more bands if they are
            fewer than H and W, and if they come first, less than half as many; uint8 or any
            integers 0..255, booleans, or floats in [0, 1] or [-1, 1].
        labels: (N,) or (N, 1) whole numbers, or None.
        tree: which of the dropped things it is.

    Raises:
        StudioError: another shape, type or range.
    """
    axes = _axes(name, images.shape)
    count = images.shape[0]
    if count > MAX_FILES:
        raise StudioError(f"{name} holds more than {MAX_FILES:,} pictures.", "Save a part of it.")
    offset, scale = _value_range(name, images)
    classes, warnings = _class_names(name, labels, count)
    pixel_bytes = math.prod(images.shape[1:])
    items = [
        Item(
            f"{name}[{index}]",
            tree,
            pixels=partial(_picture, images, index, axes, offset, scale),
            class_name=classes[index] if classes else None,
            pixel_bytes=pixel_bytes,
        )
        for index in range(count)
    ]
    return items, warnings


def _axes(name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return which of a picture's axes make it (H, W, C)."""
    if len(shape) == 3 and min(shape[1:]) > MOST_COLOURS:
        return (0, 1)
    for most in (MOST_COLOURS, MOST_BANDS):
        if len(shape) == 4 and _are_channels(shape[3], min(shape[1:3]), most):
            return (0, 1, 2)
        # 5 × 8 × 8 could as well be low pictures with many bands.
        if len(shape) == 4 and _are_channels(shape[1], (min(shape[2:4]) + 1) // 2, most):
            return (1, 2, 0)
    raise StudioError(f"{name} holds an array of shape {shape}, which is no pictures.", _SHAPES)


def _are_channels(count: int, side: int, most: int) -> bool:
    """Whether an axis is that of the channels: up to four, or fewer bands than the side."""
    return 0 < count <= most and side > (count if count > MOST_COLOURS else 0)


def _value_range(name: str, images: Rows) -> tuple[float, float]:
    """Return (offset, scale) such that round((value + offset) · scale) is 0..255."""
    kind = images.dtype.kind
    if kind == "b":
        return 0.0, 255.0
    if kind not in "uif":
        raise StudioError(f"{name} holds values of type {images.dtype}, not pictures.", _VALUES)
    if images.dtype == np.uint8 or not images.shape[0]:
        return 0.0, 1.0
    low, high = np.inf, -np.inf
    count = images.shape[0]
    for start in range(0, count, _ROWS_AT_ONCE):
        rows = images[np.arange(start, min(count, start + _ROWS_AT_ONCE))]
        # minimum and maximum pass a NaN on, and every comparison below then fails.
        low = float(np.minimum(low, rows.min()))
        high = float(np.maximum(high, rows.max()))
    if kind in "ui" and low >= 0 and high <= 255:
        return 0.0, 1.0
    # Models that end in tanh or resampled floats overshoot a little.
    slack = 1e-3
    if kind == "f" and low >= -slack and high <= 1 + slack:
        return 0.0, 255.0
    if kind == "f" and low >= -1 - slack and high <= 1 + slack:
        return 1.0, 127.5
    raise StudioError(f"{name} holds values from {low:g} to {high:g}, not pictures.", _VALUES)


def _picture(
    images: Rows, index: int, axes: tuple[int, ...], offset: float, scale: float
) -> Pixels:
    row = images[np.array([index])][0].transpose(axes)
    if len(axes) == 2:
        row = row[..., np.newaxis]
    if row.dtype == np.uint8:
        return np.ascontiguousarray(row)
    levels: npt.NDArray[np.float64] = np.rint((row.astype(np.float64) + offset) * scale)
    return levels.clip(0, 255).astype(np.uint8)


def _class_names(name: str, labels: Array | None, count: int) -> tuple[list[str] | None, list[str]]:
    if labels is None:
        return None, []
    whole = labels.dtype.kind in "ui" and labels.size == count and labels.shape[:1] == (count,)
    if not whole:
        shape = f"{labels.dtype} {labels.shape}"
        return None, [f"Labels of {name} left out: {shape} does not go with {count:,} pictures."]
    return [str(label) for label in labels.reshape(-1).tolist()], []


def _read_member(archive: zipfile.ZipFile, member: str, budget: Budget) -> Array:
    info = archive.getinfo(member)
    budget.add(info.file_size)
    with archive.open(info) as stream:
        header = read_npy_header(stream)
        # What the header claims is believed only as far as the member reaches.
        if header.size > info.file_size:
            raise ValueError("an array is cut short")
        if header.size > MAX_ARRAY_BYTES:
            raise StudioError(
                f"{budget.path.name} would unpack to more than {MAX_ARRAY_BYTES >> 30} GB.",
                "Save the array as a .npy file, which is read from the disk.",
            )
        flat = np.frombuffer(stream.read(header.size), header.dtype)
    shape = header.shape
    return flat.reshape(shape[::-1]).T if header.fortran else flat.reshape(shape)


def _pickled(name: str) -> StudioError:
    return StudioError(
        f"{name} holds pickled Python objects, which could run a stranger's program.",
        "Save plain numbers: numpy.save with allow_pickle=False.",
    )


def _damaged(name: str, error: Exception) -> StudioError:
    return StudioError(
        f"{name} is damaged: {str(error)[:100] or type(error).__name__}.",
        "Save or download it again.",
    )
