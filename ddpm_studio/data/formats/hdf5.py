"""HDF5 reader, by h5py: datasets are named arrays, read in blocks of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import h5py
import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.array_files import find_arrays_in_files
from ddpm_studio.data.formats.array_rows import LOST_FILE_REMEDY, Array, ArrayRows, BlockRows
from ddpm_studio.data.formats.hdf5_chunks import StoredChunks
from ddpm_studio.data.formats.hdf5_heaps import has_malformed_heap
from ddpm_studio.data.formats.named_arrays import MAX_LISTED, NAMES, NamedArray
from ddpm_studio.data.formats.reading import Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.report import listed
from ddpm_studio.errors import StudioError, printable

_T = TypeVar("_T")

_MAX_DATASETS, _MAX_DEPTH = 100_000, 8
# Number of datasets whose attributes are searched for class names.
_MAX_INSPECTED = 20
_UNFINISHED_REMEDY = "See that the program that made it came to its end."
_EXTERNAL_REMEDY = "Choose those files; what a file says of others is not followed."
_SIGNATURE = b"\x89HDF\r\n\x1a\n"
# A superblock begins at the start of the file, or after a user block of 512 · 2ⁿ bytes.
_FIRST_USER_BLOCK = 512
# By superblock version, 0 or 1: number of bytes before its four addresses, of which the driver
# information block's has index 3.
_ADDRESSES_OFFSET = {0: 24, 1: 28}
_ADDRESS_SIZE_OFFSET, _MAX_SUPERBLOCK = 13, 28 + 4 * 255
# Size that a dataset may claim without any data, and the largest compression ratio above it: gzip
# reaches at most 1,032:1, other filters more where all values are equal.
_SMALL_BYTES, _MAX_COMPRESSION_RATIO = 256 << 20, 4096

# Attributes in Keras's files of models, and of weights alone.
_KERAS_ATTRIBUTES = ("model_config", "keras_version", "layer_names")


def read_hdf5(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read the pictures of HDF5 files, each with its labels.

    Raises:
        StudioError: the only file is damaged, or holds no pictures.
    """
    parts = find_arrays_in_files(reading.genuine_files(files), reading, partial(_arrays, reading))
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in files))


def _arrays(reading: Reading, file: File) -> list[NamedArray]:
    name = reading.shown(file.name)

    def read() -> _Listing:
        source = _open_file(file, reading, name)
        if not reading.first_rules:
            _reject_keras(source, name)
        before_heap = cache(partial(_reject_malformed_heap, source, file, reading, name))
        listing = _Listing(reading, name, before_heap)
        listing.add(source, "", 0)
        for owner in (source, *(source[array.name] for array in listing.arrays[:_MAX_INSPECTED])):
            for key in owner.attrs:
                if NAMES.fullmatch(str(key).casefold()) is None:
                    continue
                if owner.attrs.get_id(key).dtype.kind == "O":
                    listing.before_heap()
                value = owner.attrs[key]
                if isinstance(value, np.ndarray):
                    reading.set_class_names(value.tolist(), f"{printable(str(key), 60)} of {name}")
        return listing

    listing = _wrap_errors(name, read)
    listing.add_warnings()
    return listing.arrays


def _wrap_errors(name: str, read: Callable[[], _T]) -> _T:
    """Call ``read`` and turn any error of h5py on untrusted bytes into a StudioError."""
    try:
        return read()
    except (StudioError, MemoryError):
        raise
    except Exception as error:
        reason = printable(str(error), 100) or type(error).__name__
        raise StudioError(f"{name} is damaged: {reason}.", "Save or download it again.") from error


def _open_file(file: File, reading: Reading, name: str) -> h5py.File:
    if isinstance(file.location, WholeFile):
        path = Path(file.location.path)
        with path.open("rb") as stream:
            _reject_driver_info(stream, name)
        return reading.stack.enter_context(h5py.File(path, "r"))
    content = reading.open(file)
    _reject_driver_info(content, name)
    return reading.stack.enter_context(h5py.File(content, "r"))


def _reject_driver_info(stream: BinaryIO, name: str) -> None:
    """Refuse a file with a driver information block, before the library opens it.

    Only drivers that spread a set over several files write one (HDF5 File Format Specification 3.0,
    II.B), and these files can't be read one by one. The library trusts the block's length, up to
    4 GiB beyond the end of the file, and allocates as much memory before it fails; everything else
    must be before the end of file given in the superblock, which is checked against the real one.

    Raises:
        StudioError: the file has a driver information block.
    """
    location, end = 0, stream.seek(0, 2)
    head = b""
    while location < end and not head.startswith(_SIGNATURE):
        stream.seek(location)
        head = stream.read(_MAX_SUPERBLOCK)
        location = 2 * location or _FIRST_USER_BLOCK
    if not head.startswith(_SIGNATURE) or len(head) <= _ADDRESS_SIZE_OFFSET:
        return
    offset, size = _ADDRESSES_OFFSET.get(head[len(_SIGNATURE)]), head[_ADDRESS_SIZE_OFFSET]
    if offset is not None and head[offset + 3 * size : offset + 4 * size].strip(b"\xff"):
        raise StudioError(
            f"{name} is one of several files that hold a set of HDF5 together, or is damaged.",
            "Join them, such as by HDF5's h5repart, or download it again.",
        )


def _reject_malformed_heap(source: h5py.File, file: File, reading: Reading, name: str) -> None:
    """Refuse a file with a damaged global heap, on which the library would loop for ever.

    Raises:
        StudioError: the file has such a heap.
    """
    _, length_bytes = source.id.get_create_plist().get_sizes()
    if has_malformed_heap(reading.open(file), length_bytes):
        raise StudioError(
            f"{name} is damaged: where its texts lie, free space has no size.",
            "Save or download it again.",
        )


class _Listing:
    """The datasets of an HDF5 file: those that can be read, and those that can't.

    Args:
        reading: where to add warnings about datasets that are not read.
        name: name of the file, for messages.
        before_heap: called before a value of variable length is read; may raise StudioError.
    """

    def __init__(self, reading: Reading, name: str, before_heap: Callable[[], None]) -> None:
        self.before_heap = before_heap
        self.arrays: list[NamedArray] = []
        self._unwritten: list[str] = []
        self._external: list[str] = []
        self._reading, self._name = reading, name

    def add(self, group: Any, prefix: str, depth: int) -> None:
        """Add the datasets of a group, recursively; external links are not followed."""
        for name in group:
            if self._is_full or depth > _MAX_DEPTH:
                return
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                self._external.append(prefix + name)
            # The target of a soft link is in the file itself, and is listed there.
            if not isinstance(link, h5py.HardLink):
                continue
            member = group[name]
            if isinstance(member, h5py.Group):
                self.add(member, f"{prefix}{name}/", depth + 1)
            elif isinstance(member, h5py.Dataset):
                self._add_dataset(prefix + name, member)

    def _add_dataset(self, name: str, dataset: Any) -> None:
        shape = tuple(int(size) for size in dataset.shape or ())
        if dataset.external or dataset.is_virtual:
            self._external.append(name)
        elif shape and 0 not in shape and not dataset.id.get_storage_size():
            self._unwritten.append(name)
        elif shape:
            display_name = f"{self._name}:{printable(name, 60)}"
            rows = partial(
                _wrap_errors, display_name, partial(self._open_rows, dataset, display_name)
            )
            is_text = h5py.check_string_dtype(dataset.dtype) is not None
            if is_text and not self._reading.first_rules:
                read_texts = partial(_decode_strings, rows)
                self.arrays.append(NamedArray(name, shape, np.dtype(np.str_), read_texts))
            else:
                self.arrays.append(NamedArray(name, shape, dataset.dtype, rows))

    def _open_rows(self, dataset: Any, name: str) -> ArrayRows:
        if dataset.dtype.kind == "O":
            self.before_heap()
        return _rows(dataset, self._reading, name)

    @property
    def _is_full(self) -> bool:
        count = len(self.arrays) + len(self._unwritten) + len(self._external)
        return count >= _MAX_DATASETS

    def add_warnings(self) -> None:
        """Add warnings about datasets that are not read.

        Raises:
            StudioError: there are such datasets, and the others hold no pictures.
        """
        if self._is_full:
            self._reading.warn(f"Of {self._name} no more than {_MAX_DATASETS:,} datasets are read.")
        layout = self._reading.options.layout
        has_pictures = any(array.holds_pictures(layout) for array in self.arrays)
        for names, reason, remedy in (
            (self._unwritten, "to which nothing was ever written", _UNFINISHED_REMEDY),
            (self._external, "whose numbers lie in other files", _EXTERNAL_REMEDY),
        ):
            if not names:
                continue
            names_text = listed([printable(name, 60) for name in names], MAX_LISTED)
            if not has_pictures:
                raise StudioError(f"{self._name} holds {names_text}, {reason}.", remedy)
            self._reading.warn(f"{self._name}: not read: {names_text}, {reason}.")


def _decode_strings(rows: Callable[[], ArrayRows]) -> ArrayRows:
    """Return a dataset of strings, which h5py gives as bytes, as an array of str."""
    dataset = rows()
    strings = dataset[np.arange(dataset.shape[0])]
    texts = [
        string.decode("utf-8", "replace") if isinstance(string, bytes) else str(string)
        for string in strings.reshape(-1).tolist()
    ]
    return np.array(texts, np.str_).reshape(strings.shape)


def _reject_keras(source: h5py.File, name: str) -> None:
    """Refuse a Keras model, whose kernels have the shapes of small pictures.

    Raises:
        StudioError: the file is a model of Keras 3, or as ``model.save`` or ``save_weights`` wrote
            before.
    """
    if any(key in source.attrs for key in _KERAS_ATTRIBUTES) or (
        "layers" in source and "vars" in source
    ):
        raise StudioError(
            f"{name} holds the weights of a model of Keras, and no pictures.",
            "Only models of PyTorch can be imported.",
        )


def _rows(dataset: Any, reading: Reading, name: str) -> ArrayRows:
    shape = tuple(int(size) for size in dataset.shape)
    claimed_bytes = math.prod(shape) * dataset.dtype.itemsize
    if claimed_bytes > max(_SMALL_BYTES, _MAX_COMPRESSION_RATIO * dataset.id.get_storage_size()):
        raise StudioError(
            f"{name} claims {claimed_bytes:,} bytes, of which the file holds next to none.",
            _UNFINISHED_REMEDY,
        )
    chunks = StoredChunks(dataset) if dataset.chunks is not None else None
    if chunks is not None and chunks.written < chunks.count:
        were = "was" if chunks.written == 1 else "were"
        reading.warn(
            f"{name}: {chunks.written:,} of {chunks.count:,} chunks {were} written; the others are "
            f"read as {printable(str(dataset.fillvalue), 20)}."
        )

    def read_part(start: int, end: int) -> Array:
        try:
            if chunks is not None:
                chunks.check(start, end)
            values: Array = np.asarray(dataset[start:end])
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the library raise nearly anything
            reason = printable(str(error), 100) or type(error).__name__
            raise StudioError(
                f"A dataset of HDF5 can't be read: {reason}.", LOST_FILE_REMEDY
            ) from error
        return values

    return BlockRows(shape, dataset.dtype, read_part)
