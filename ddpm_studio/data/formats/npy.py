"""NumPy ``.npy`` reader, for one file or a folder of them; pickles are never loaded."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from ddpm_studio.data.byte_ranges import Whole
from ddpm_studio.data.formats.array_rows import (
    Array,
    ArrayRows,
    LastArray,
    WholeRows,
    file_array,
    fits_memory,
)
from ddpm_studio.data.formats.folders import unreadable
from ddpm_studio.data.formats.memory_maps import file_header
from ddpm_studio.data.formats.named_arrays import Named, parts_of
from ddpm_studio.data.formats.npy_header import (
    FieldsError,
    NpyHeader,
    PickledArrayError,
    read_npy_header,
)
from ddpm_studio.data.formats.reading import Part, Reading, Taken
from ddpm_studio.data.items import File
from ddpm_studio.data.report import Reject
from ddpm_studio.errors import StudioError

_HEAD_BYTES = 2**16
# Of several files, only those larger than this are kept open.
_LARGE = 64 * 2**20


def read_npy(files: Sequence[File], reading: Reading) -> Taken:
    """Read ``.npy`` files: one, or several that hold one or more pictures each.

    Among several files, those of labels are recognised by name: ``x_train.npy``, ``y_train.npy``.

    Raises:
        StudioError: the only file can't be used.
    """
    names = frozenset(file.name for file in files)
    files = reading.genuine(files)
    last = LastArray()
    if not files:
        return Taken([], names)
    if len(files) == 1:
        array = _npy(files[0], reading, last, alone=True)
        name = reading.shown(files[0].name)
        return Taken(reading.arrays([_part(name, "", array, reading)]), names)
    found: list[tuple[File, Named]] = []
    for file in files:
        try:
            found.append((file, _npy(file, reading, last, alone=False)))
        except StudioError as error:
            reading.rejects.append(Reject(reading.shown(file.name), f"no pictures: {error.cause}"))
    arrays = [array for _, array in found]
    if any(array.holds_labels for array in arrays):
        return Taken(reading.arrays(parts_of(arrays, reading, reading.title)), names)
    parts = []
    for file, array in found:
        name = reading.shown(file.name)
        try:
            parts.append(_part(name, file.name, array, reading))
        except StudioError as error:
            reading.rejects.append(Reject(name, f"no pictures: {error.cause}"))
    return Taken(reading.arrays(parts), names)


def _part(name: str, origin: str, array: Named, reading: Reading) -> Part:
    return Part(name, array.rows(), reading.layout(name, array.shape), origin=origin)


def _npy(file: File, reading: Reading, last: LastArray, *, alone: bool) -> Named:
    """Read the header of a ``.npy`` file and return its array, to be read on demand.

    Raises:
        StudioError: the file is pickled or damaged, or can't be read.
    """
    name = reading.shown(file.name)
    place = file.place
    rows: Callable[[], ArrayRows]
    try:
        if isinstance(place, Whole):
            header = file_header(Path(place.path))
            if alone or header.size > _LARGE:
                rows = partial(_mapped, Path(place.path), header, reading)
            else:
                # Thousands of small files can't all stay open.
                rows = partial(_when_asked, header, partial(_content, Path(place.path)), last)
        else:
            header = read_npy_header(io.BytesIO(file.read(min(file.size, _HEAD_BYTES))))
            if header.size > file.size - header.offset:
                raise ValueError("it is cut short")
            fits_memory(name, header.size)
            rows = partial(_when_asked, header, partial(_member, file, name), last)
    except OSError as error:
        if isinstance(place, Whole):
            raise unreadable(Path(place.path), error) from error
        raise damaged_array(name, error) from error
    except PickledArrayError as error:
        raise pickled(name) from error
    except ValueError as error:
        raise damaged_array(name, error) from error
    stem = PurePosixPath(file.name).stem
    return Named(stem, header.shape, header.dtype, rows)


def _mapped(path: Path, header: NpyHeader, reading: Reading) -> ArrayRows:
    return file_array(path, header, keep_open=lambda rows: reading.stack.callback(rows.close))


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error


def _member(file: File, name: str) -> bytes:
    try:
        return file.read(-1)
    except OSError as error:
        raise damaged_array(name, error) from error


def _when_asked(header: NpyHeader, content: Callable[[], bytes], last: LastArray) -> ArrayRows:
    return WholeRows(header.shape, header.dtype, lambda: array_in(content(), header), last)


def array_in(data: bytes, header: NpyHeader) -> Array:
    """Return the array in the bytes of a ``.npy`` file, as a view of them.

    Raises:
        StudioError: there are fewer bytes than the header says.
    """
    if len(data) < header.offset + header.size:
        raise StudioError("A .npy file was cut short while it was read.", "Read it again.")
    count = header.size // max(1, header.dtype.itemsize)
    flat = np.frombuffer(data, header.dtype, count, header.offset)
    return flat.reshape(header.shape, order="F" if header.fortran else "C")


def pickled(name: str) -> StudioError:
    """Return the error for an array of Python objects."""
    return StudioError(
        f"{name} holds pickled Python objects, which could run a stranger's program.",
        "Save plain numbers: numpy.save with allow_pickle=False.",
    )


def damaged_array(name: str, error: Exception) -> StudioError:
    """Return the error for a damaged file of arrays, or one of structured arrays."""
    if isinstance(error, FieldsError):
        return StudioError(
            f"{name} holds records of several fields (a structured array), and no pictures.",
            "Save one field of it: numpy.save(name, array['field']).",
        )
    return StudioError(
        f"{name} is damaged: {str(error)[:100] or type(error).__name__}.",
        "Save or download it again.",
    )
