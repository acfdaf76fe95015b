"""NumPy ``.npy`` reader, for one file or a folder of them; pickles are never loaded."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.array_files import (
    filter_by_split,
    reject_file,
    without_kind_words,
)
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
from ddpm_studio.errors import StudioError

_HEAD_BYTES = 2**16
# Of several files, only those larger than this are kept open.
_LARGE = 64 * 2**20


def read_npy(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read ``.npy`` files: one, or several that hold one or more pictures each.

    Among several files, those of labels are recognised by name: ``x_train.npy``, ``y_train.npy``.
    Where folders repeat the names, as in ``train/x.npy`` and ``test/x.npy``, each is a set with the
    labels of its own.

    Raises:
        StudioError: the only file, or the only set of pictures and labels, can't be used.
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
    found: list[_NpyFile] = []
    for file in files:
        try:
            found.append(_NpyFile(file, _read_npy_file(file, reading, cache, alone=False)))
        except StudioError as error:
            reject_file(file, error.cause, reading)
    sets = _split_into_sets(found, reading)
    parts: list[PictureArray] = []
    for array_set in sets:
        try:
            parts += _find_pictures(array_set, reading)
        except StudioError as error:
            if len(sets) == 1:
                raise
            for member in array_set.files:
                reject_file(member.file, error.cause, reading)
    return ReadResult(reading.arrays(parts), names)


@dataclass(frozen=True)
class _NpyFile:
    file: File
    array: NamedArray

    @property
    def folder(self) -> str:
        return self.file.name.rpartition("/")[0]

    @property
    def split(self) -> str | None:
        """The split that the file's name gives, or None."""
        return self.array.split

    def holds_pictures(self, reading: Reading) -> bool:
        return self.array.holds_pictures(reading.options.layout) and not self.array.holds_labels


@dataclass(frozen=True)
class _ArraySet:
    """Files of pictures and of labels that belong together.

    Args:
        title: for reports.
        files: the files.
        origin: as of :class:`PictureArray`, where the set has labels.
    """

    title: str
    files: Sequence[_NpyFile]
    origin: str = ""


def _split_into_sets(found: Sequence[_NpyFile], reading: Reading) -> list[_ArraySet]:
    """Divide files into sets whose pictures and labels belong together.

    Names that differ say themselves what belongs together, wherever the files are. Otherwise a set
    is a folder with pictures and labels, or folders that differ in a word for these alone, as in
    ``train/images`` and ``train/labels``; all other files are one more set.
    """
    kinds = Counter((file.array.stem, file.split) for file in found)
    if max(kinds.values(), default=0) < 2 or not _hold_pictures(found, reading):
        return [_ArraySet(reading.title, found)]
    by_folder: dict[str, list[_NpyFile]] = {}
    for file in found:
        by_folder.setdefault(file.folder, []).append(file)
    by_key: dict[str, list[_NpyFile]] = {}
    for folder, files in by_folder.items():
        words = folder.split("/")
        key = folder if _are_labelled(files, reading) else "/".join(without_kind_words(words))
        by_key.setdefault(key, []).extend(files)
    labelled = {key: files for key, files in by_key.items() if _are_labelled(files, reading)}
    others = [file for key, files in by_key.items() if key not in labelled for file in files]
    unclear = _unclear_labels(others, any_unclear=bool(labelled))
    for file in unclear:
        reject_file(file.file, "it holds labels, and nothing says of which pictures", reading)
    unclear_names = {file.file.name for file in unclear}
    others = [file for file in others if file.file.name not in unclear_names]
    if len(labelled) + _hold_pictures(others, reading) == 1:
        remaining = [file for file in found if file.file.name not in unclear_names]
        return [_ArraySet(reading.title, remaining)]
    pictures = [file for file in found if file.holds_pictures(reading)]
    left_out = {file.file.name for file in pictures}
    left_out -= {file.file.name for file in filter_by_split(pictures, reading)}
    titles = [reading.shown(key) if key else reading.title for key in labelled]
    sets = []
    for title, members in zip((*titles, reading.title), (*labelled.values(), others), strict=True):
        files = [file for file in members if file.file.name not in left_out]
        first = next((file for file in files if file.holds_pictures(reading)), None)
        if first is not None:
            sets.append(_ArraySet(title, files, first.file.name))
        elif not any(file.array.holds_labels for file in files):
            sets.append(_ArraySet(title, files))
    return sets


def _hold_pictures(files: Sequence[_NpyFile], reading: Reading) -> bool:
    return any(file.holds_pictures(reading) for file in files)


def _are_labelled(files: Sequence[_NpyFile], reading: Reading) -> bool:
    """Whether there are pictures and labels among the files."""
    return any(file.array.holds_labels for file in files) and _hold_pictures(files, reading)


def _unclear_labels(files: Sequence[_NpyFile], *, any_unclear: bool) -> list[_NpyFile]:
    """Return the files of labels whose name repeats, or with ``any_unclear`` all of labels."""
    labels = [file for file in files if file.array.holds_labels]
    kinds = Counter((file.array.stem, file.split) for file in labels)
    return [file for file in labels if any_unclear or kinds[file.array.stem, file.split] > 1]


def _find_pictures(array_set: _ArraySet, reading: Reading) -> list[PictureArray]:
    """Return the pictures of a set with their labels; without labels, bad files are rejected.

    Raises:
        StudioError: there are labels, and no pictures or no telling which of several.
    """
    arrays = [file.array for file in array_set.files]
    if any(array.holds_labels for array in arrays):
        return find_picture_arrays(arrays, reading, array_set.title, array_set.origin)
    parts = []
    for member in array_set.files:
        file = member.file
        try:
            name = reading.shown(file.name)
            parts.append(_to_picture_array(name, file.name, member.array, reading))
        except StudioError as error:
            reject_file(file, error.cause, reading)
    return parts


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
