"""HDF5 files, by h5py: their datasets are arrays under names, read in parts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ddpm_studio.data.byte_ranges import Whole
from ddpm_studio.data.formats.array_files import parts_of_files
from ddpm_studio.data.formats.array_rows import Array, ArrayRows, BlockRows
from ddpm_studio.data.formats.named_arrays import NAMES, Named
from ddpm_studio.data.formats.reading import Reading, Taken
from ddpm_studio.data.items import File
from ddpm_studio.errors import StudioError, plain

_MOST_DATASETS, _MOST_DEPTH = 100_000, 8
# Notes on so many datasets may name classes.
_LOOKED_AT = 20
_LOST = "See that the file and its disk are there, then prepare the pictures again."


def read_hdf5(files: Sequence[File], reading: Reading) -> Taken:
    """Read HDF5 files, each with its labels.

    Raises:
        StudioError: one is damaged, or holds no pictures.
    """
    parts = parts_of_files(reading.genuine(files), reading, partial(_arrays, reading))
    return Taken(reading.arrays(parts), frozenset(file.name for file in files))


def _arrays(reading: Reading, file: File) -> list[Named]:
    name = reading.shown(file.name)
    try:
        source = _opened(file, reading)
        arrays: list[Named] = []
        _collect(source, "", arrays, 0)
        if len(arrays) >= _MOST_DATASETS:
            reading.warn(f"Of {name} no more than {_MOST_DATASETS:,} datasets are read.")
        for holder in (source, *(source[one.name] for one in arrays[:_LOOKED_AT])):
            for key, value in holder.attrs.items():
                if NAMES.fullmatch(str(key).casefold()) and isinstance(value, np.ndarray):
                    reading.note_names(value.tolist(), f"{plain(str(key), 60)} of {name}")
    except (StudioError, MemoryError):
        raise
    except Exception as error:  # untrusted bytes make the library raise nearly anything
        why = plain(str(error), 100) or type(error).__name__
        raise StudioError(f"{name} is damaged: {why}.", "Save or download it again.") from error
    return arrays


def _opened(file: File, reading: Reading) -> h5py.File:
    if isinstance(file.place, Whole):
        found = h5py.File(Path(file.place.path), "r")
    else:
        found = h5py.File(reading.open(file), "r")
    return reading.stack.enter_context(found)


def _collect(group: Any, prefix: str, found: list[Named], depth: int) -> None:
    """List the datasets; links out of the file are not followed."""
    for name in group:
        if len(found) >= _MOST_DATASETS or depth > _MOST_DEPTH:
            return
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            continue
        one = group[name]
        if isinstance(one, h5py.Group):
            _collect(one, f"{prefix}{name}/", found, depth + 1)
        # Numbers in other files, and those that a program of the file's would make, are not read.
        elif isinstance(one, h5py.Dataset) and not one.external and not one.is_virtual:
            shape = tuple(int(size) for size in one.shape or ())
            if shape:
                found.append(Named(prefix + name, shape, one.dtype, partial(_rows, one)))


def _rows(dataset: Any) -> ArrayRows:
    def part(start: int, end: int) -> Array:
        try:
            found: Array = np.asarray(dataset[start:end])
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the library raise nearly anything
            why = plain(str(error), 100) or type(error).__name__
            raise StudioError(f"A dataset of HDF5 can't be read: {why}.", _LOST) from error
        return found

    return BlockRows(tuple(int(size) for size in dataset.shape), dataset.dtype, part)
