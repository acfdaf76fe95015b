"""NumPy ``.npy`` reader, for one file or a folder of them; pickles are never loaded."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.array_rows import (
    Array,
    ArrayRows,
    FullArrayRows,
    LastArrayCache,
    check_fits_memory,
    file_array,
)
from ddpm_studio.data.formats.folders import unreadable_error
from ddpm_studio.data.formats.memory_maps import file_header
from ddpm_studio.data.formats.named_arrays import NamedArray, find_picture_arrays
from ddpm_studio.data.formats.npy_header import (
    NpyHeader,
    PickledArrayError,
    StructuredArrayError,
    read_npy_header,
)
from ddpm_studio.data.formats.reading import PictureArray, Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.report import Reject
from ddpm_studio.errors import StudioError

_HEAD_BYTES = 2**16
# Of several files, only those larger than this are kept open.
_LARGE = 64 * 2**20


def read_npy(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read ``.npy`` files: one, or several that hold one or more pictures each.

    Among several files, those of labels are recognised by name: ``x_train.npy``, ``y_train.npy``.

    Raises:
        StudioError: the only file can't be used.
    """
    names = frozenset(file.name for file in files)
    files = reading.genuine_files(files)
    cache = LastArrayCache()
    if not files:
        return ReadResult([], names)
    if len(files) == 1:
        array = _read_npy_file(files[0], reading, cache, alone=True)
        name = reading.shown(files[0].name)
        return ReadResult(reading.arrays([_to_picture_array(name, "", array, reading)]), names)
    found: list[tuple[File, NamedArray]] = []
    for file in files:
        try:
            found.append((file, _read_npy_file(file, reading, cache, alone=False)))
        except StudioError as error:
            reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {error.cause}"))
    arrays = [array for _, array in found]
    if any(array.holds_labels for array in arrays):
        return ReadResult(
            reading.arrays(find_picture_arrays(arrays, reading, reading.title)), names
        )
    parts = []
    for file, array in found:
        name = reading.shown(file.name)
        try:
            parts.append(_to_picture_array(name, file.name, array, reading))
        except StudioError as error:
            reading.rejects.append(Reject(name, f"no pictures: {error.cause}"))
    return ReadResult(reading.arrays(parts), names)


def _to_picture_array(name: str, origin: str, array: NamedArray, reading: Reading) -> PictureArray:
    return PictureArray(name, array.rows(), reading.layout(name, array.shape), origin=origin)


def _read_npy_file(
    file: File, reading: Reading, cache: LastArrayCache, *, alone: bool
) -> NamedArray:
    """Read the header of a ``.npy`` file and return its array, to be read on demand.

    Raises:
        StudioError: the file is pickled or damaged, or can't be read.
    """
    name = reading.shown(file.name)
    location = file.location
    rows: Callable[[], ArrayRows]
    try:
        if isinstance(location, WholeFile):
            header = file_header(Path(location.path))
            if alone or header.size > _LARGE:
                rows = partial(_disk_rows, Path(location.path), header, reading)
            else:
                # Thousands of small files can't all stay open.
                rows = partial(
                    _deferred_rows, header, partial(_read_path, Path(location.path)), cache
                )
        else:
            header = read_npy_header(io.BytesIO(file.read(min(file.size, _HEAD_BYTES))))
            if header.size > file.size - header.offset:
                raise ValueError("it is cut short")
            check_fits_memory(name, header.size)
            rows = partial(_deferred_rows, header, partial(_read_member, file, name), cache)
    except OSError as error:
        if isinstance(location, WholeFile):
            raise unreadable_error(Path(location.path), error) from error
        raise damaged_array_error(name, error) from error
    except PickledArrayError as error:
        raise pickled_array_error(name) from error
    except ValueError as error:
        raise damaged_array_error(name, error) from error
    stem = PurePosixPath(file.name).stem
    return NamedArray(stem, header.shape, header.dtype, rows)


def _disk_rows(path: Path, header: NpyHeader, reading: Reading) -> ArrayRows:
    return file_array(path, header, keep_open=lambda rows: reading.stack.callback(rows.close))


def _read_path(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable_error(path, error) from error


def _read_member(file: File, name: str) -> bytes:
    try:
        return file.read(-1)
    except OSError as error:
        raise damaged_array_error(name, error) from error


def _deferred_rows(
    header: NpyHeader, read: Callable[[], bytes], cache: LastArrayCache
) -> ArrayRows:
    return FullArrayRows(
        header.shape, header.dtype, lambda: array_from_bytes(read(), header), cache
    )


def array_from_bytes(data: bytes, header: NpyHeader) -> Array:
    """Return the array in the bytes of a ``.npy`` file, as a view of them.

    Raises:
        StudioError: there are fewer bytes than the header says.
    """
    if len(data) < header.offset + header.size:
        raise StudioError("A .npy file was cut short while it was read.", "Read it again.")
    count = header.size // max(1, header.dtype.itemsize)
    flat = np.frombuffer(data, header.dtype, count, header.offset)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def pickled_array_error(name: str) -> StudioError:
    """Return the error for an array of Python objects."""
    return StudioError(
        f"{name} holds pickled Python objects, which could run a stranger's program.",
        "Save plain numbers: numpy.save with allow_pickle=False.",
    )


def damaged_array_error(name: str, error: Exception) -> StudioError:
    """Return the error for a damaged file of arrays, or one of structured arrays."""
    if isinstance(error, StructuredArrayError):
        return StudioError(
            f"{name} holds records of several fields (a structured array), and no pictures.",
            "Save one field of it: numpy.save(name, array['field']).",
        )
    return StudioError(
        f"{name} is damaged: {str(error)[:100] or type(error).__name__}.",
        "Save or download it again.",
    )
