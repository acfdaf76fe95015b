"""NumPy ``.npz`` reader: named arrays, those stored uncompressed read on demand from the file."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.archives import ArchiveBudget, open_zip
from ddpm_studio.data.formats.array_files import find_arrays_in_files
from ddpm_studio.data.formats.array_rows import ArrayRows, check_fits_memory, file_array
from ddpm_studio.data.formats.named_arrays import NamedArray
from ddpm_studio.data.formats.npy import damaged_array_error, pickled_array_error
from ddpm_studio.data.formats.npy_header import NpyHeader, PickledArrayError, read_npy_header
from ddpm_studio.data.formats.reading import Reading, ReadResult
from ddpm_studio.data.items import File
from ddpm_studio.data.labels.medmnist import medmnist_names
from ddpm_studio.errors import StudioError, printable

# Smaller arrays are read at once, which verifies their checksum.
_READ_UP_TO = 64 * 2**20
_LOCAL_HEADER_BYTES = 30


def read_npz(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read the pictures of ``.npz`` files, each with its labels.

    Raises:
        StudioError: the only file is damaged or pickled, or holds no pictures.
    """
    parts = find_arrays_in_files(reading.genuine_files(files), reading, partial(_arrays, reading))
    return ReadResult(reading.arrays(parts), frozenset(file.name for file in files))


def _arrays(reading: Reading, file: File) -> list[NamedArray]:
    name = reading.shown(file.name)
    if not reading.first_rules and not reading.class_names.names:
        reading.class_names = medmnist_names(file.name) or reading.class_names
    path = Path(file.location.path) if isinstance(file.location, WholeFile) else None
    try:
        if path is not None:
            archive = open_zip(path, reading.stack)
        else:
            archive = reading.stack.enter_context(zipfile.ZipFile(reading.open(file)))
        source = _NpzReader(name, archive, path, ArchiveBudget(name, file.size), reading)
        arrays: list[NamedArray] = []
        errors: dict[str, ValueError] = {}
        for info in archive.infolist():
            if "/" in info.filename or info.filename.startswith("."):
                continue
            try:
                arrays.append(source.array(info))
            except ValueError as error:
                errors[info.filename] = error
        members = archive.namelist()
        if members and not any(member.endswith(".npy") for member in members):
            raise StudioError(
                f"{name} is a zip of other files, and holds no arrays.", "Give it the ending .zip."
            )
        if errors and not any(array.holds_pictures(reading.options.layout) for array in arrays):
            raise next(iter(errors.values()))
        for other, problem in errors.items():
            reading.warn(f"{printable(other, 60)} of {name} is left out: {problem}.")
        return arrays
    except (StudioError, MemoryError):
        raise
    except PickledArrayError as error:
        raise pickled_array_error(name) from error
    except Exception as error:  # untrusted bytes make the parser raise nearly anything
        raise damaged_array_error(name, error) from error


class _NpzReader:
    """An open ``.npz`` file with its budget against decompression bombs."""

    def __init__(
        self,
        name: str,
        archive: zipfile.ZipFile,
        path: Path | None,
        budget: ArchiveBudget,
        reading: Reading,
    ) -> None:
        self._name, self._archive, self._path = name, archive, path
        self._budget, self._reading = budget, reading

    def array(self, info: zipfile.ZipInfo) -> NamedArray:
        with self._archive.open(info) as stream:
            header = read_npy_header(stream)
        # The header must not claim more than the size of the member.
        if header.size > info.file_size:
            raise ValueError("an array is cut short")
        return NamedArray(
            info.filename.removesuffix(".npy"),
            header.shape,
            header.dtype,
            partial(self._rows, info, header),
        )

    def _rows(self, info: zipfile.ZipInfo, header: NpyHeader) -> ArrayRows:
        try:
            stored = info.compress_type == zipfile.ZIP_STORED and self._path is not None
            if stored and header.size > _READ_UP_TO:
                return self._on_disk(info, header)
            self._budget.add(info.file_size)
            check_fits_memory(self._name, header.size)
            with self._archive.open(info) as stream:
                stream.read(header.offset)
                flat = np.frombuffer(stream.read(header.size), header.dtype)
            return flat.reshape(header.shape, order="F" if header.fortran else "C")
        except (StudioError, MemoryError):
            raise
        except Exception as error:  # untrusted bytes make the parser raise nearly anything
            raise damaged_array_error(self._name, error) from error

    def _on_disk(self, info: zipfile.ZipInfo, header: NpyHeader) -> ArrayRows:
        """Return an array stored uncompressed in the file, after the member's local header."""
        assert self._path is not None
        with self._path.open("rb") as file:
            file.seek(info.header_offset)
            head = file.read(_LOCAL_HEADER_BYTES)
        lengths = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        offset = info.header_offset + _LOCAL_HEADER_BYTES + lengths + header.offset
        array_header = NpyHeader(header.shape, header.fortran, header.dtype, offset)
        return file_array(
            self._path,
            array_header,
            keep_open=lambda rows: self._reading.stack.callback(rows.close),
        )
