"""Parquet reader, by pyarrow, for data sets as the Hugging Face Hub stores them.

A column holds each picture's file, as bytes or as {"bytes", "path"}; other columns may be labels,
whose class names are in the metadata "huggingface". Files are read by row groups.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ddpm_studio.data.byte_ranges import WholeFile
from ddpm_studio.data.formats.array_rows import Array
from ddpm_studio.data.formats.reading import Reading, ReadResult
from ddpm_studio.data.items import MAX_FILES, File, Item
from ddpm_studio.data.report import Reject
from ddpm_studio.data.splits import innermost_split, left_out_warning, selected_splits, split_of
from ddpm_studio.durations import format_count
from ddpm_studio.errors import StudioError, printable

_PICTURE_COLUMNS = ("image", "img", "picture", "photo", "jpg", "png")
_LABELS = ("label", "labels", "class", "target", "fine_label", "coarse_label", "category", "y")
_MAX_COLUMNS, _MAX_BYTES, _MAX_LISTED = 1000, 1 << 30, 6


def read_parquet(files: Sequence[File], reading: Reading) -> ReadResult:
    """Read the pictures of Parquet files, of the split asked for or the training split if any.

    Of several files, those without pictures are rejected: img2dataset writes a table of URLs next
    to each shard.

    Raises:
        StudioError: every file is damaged or holds no pictures.
    """
    names = frozenset(file.name for file in files)
    files = reading.genuine_files(files)
    splits = [_split(file.name) for file in files]
    selected = selected_splits(splits, reading.options.split)
    items: list[Item] = []
    left_out: dict[str, int] = {}
    errors: list[tuple[File, StudioError]] = []
    for file, split in zip(files, splits, strict=True):
        if split in selected:
            try:
                items += _ParquetTable(file, reading).items()
            except StudioError as error:
                errors.append((file, error))
        elif split is not None:
            left_out[split] = left_out.get(split, 0) + 1
    if errors and not items:
        raise errors[0][1]
    for file, file_error in errors:
        reason = f"no pictures: {file_error.cause.rstrip('.')}"
        reading.rejects.append(Reject(reading.shown(file.name), reason))
    if warning := left_out_warning(left_out, "file"):
        reading.warn(warning)
    return ReadResult(items, names)


def _split(name: str) -> str | None:
    """Return the split given by a file's name, or else by its innermost folder that gives one."""
    words = PurePosixPath(name).stem.replace("_", "-").split("-")
    name_split = split_of(words[0]) or (split_of(words[1]) if len(words) > 1 else None)
    return name_split or innermost_split(name)


class _ParquetTable:
    """A Parquet file: its column of pictures, and a cache of the last row group read."""

    def __init__(self, file: File, reading: Reading) -> None:
        self._name, self._reading = reading.shown(file.name), reading
        try:
            source = (
                Path(file.location.path)
                if isinstance(file.location, WholeFile)
                else reading.open(file)
            )
            self._file = pq.ParquetFile(source)
            reading.stack.callback(self._file.close)
            self._schema = self._file.schema_arrow
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the library raise nearly anything
            raise self._damaged(error) from error
        self._column = self._picture_column()
        self._cached_group: tuple[int, list[Any]] = (-1, [])

    def items(self) -> list[Item]:
        metadata = self._file.metadata
        if metadata.num_rows > MAX_FILES:
            raise StudioError(f"{self._name} holds more than {MAX_FILES:,} pictures.", "Split it.")
        rows = sum(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
        if rows != metadata.num_rows:
            counted_rows = format_count(rows, "row")
            reason = f"its parts hold {counted_rows}, where {metadata.num_rows:,} are told of"
            raise self._damaged(ValueError(reason))
        choices = {name: partial(self._labels, name) for name in self._label_columns()}
        classes = self._reading.own_labels(self._name, choices, metadata.num_rows)
        if classes is not None:
            names = self._class_names().get(self._reading.own.last, [])
            classes = [_class_name(label, names) for label in classes]
        items: list[Item] = []
        for group in range(metadata.num_row_groups):
            info = metadata.row_group(group)
            size = max(1, info.total_byte_size // max(1, info.num_rows))
            for row in range(info.num_rows):
                index = len(items)
                # Without a path, as rows of different tables don't correspond.
                file = File("", size, partial(self._read, group, row))
                name = f"{self._name}[{index}]"
                class_name = classes[index] if classes is not None else None
                items.append(Item(name, self._reading.tree, file, class_name=class_name))
        return items

    def _read(self, group: int, row: int, limit: int) -> bytes:
        """Return the first ``limit`` bytes of a picture's file, all for −1.

        Raises:
            OSError: the cell is empty, holds a path only, or can't be read.
        """
        if self._cached_group[0] != group:
            self._cached_group = (group, self._read_group(group))
        if row >= len(self._cached_group[1]):
            raise OSError(0, "there are fewer rows in the table than it says")
        cell = self._cached_group[1][row]
        content = cell.get("bytes") if isinstance(cell, dict) else cell
        if content is None and not (isinstance(cell, dict) and cell.get("path")):
            raise OSError(0, "its cell in the table is empty")
        if not isinstance(content, bytes):
            raise OSError(0, "there is no picture in the table, only a path to it")
        return content if limit < 0 else content[:limit]

    def _read_group(self, group: int) -> list[Any]:
        info = self._file.metadata.row_group(group)
        if info.total_byte_size > _MAX_BYTES:
            raise OSError(0, "too many bytes in one group of rows")
        try:
            cells: list[Any] = (
                self._file.read_row_group(group, [self._column]).column(0).to_pylist()
            )
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the library raise nearly anything
            raise OSError(0, f"damaged in the table: {printable(str(error), 60)}") from error
        return cells

    def _picture_column(self) -> str:
        columns = [
            field.name for field in list(self._schema)[:_MAX_COLUMNS] if _is_bytes(field.type)
        ]
        requested = self._reading.options.array
        if requested is not None:
            existing = columns
            columns = [name for name in existing if name.casefold() == requested.casefold()]
            if existing and not columns:
                names = ", ".join(printable(name, 60) for name in existing)
                raise StudioError(
                    f"{self._name} has no column of pictures {printable(requested, 60)}.",
                    f"There are: {names}.",
                )
        ordered = sorted(columns, key=lambda name: name.casefold() not in _PICTURE_COLUMNS)
        if not ordered:
            column_names = (
                ", ".join(printable(name, 60) for name in self._schema.names[:6]) or "nothing"
            )
            raise StudioError(
                f"{self._name} has the columns {column_names}, and none of pictures.",
                self._remedy(),
            )
        return str(ordered[0])

    def _remedy(self) -> str:
        """Return the remedy for a table without a column of pictures, by the types it has."""
        for field in list(self._schema)[:_MAX_COLUMNS]:
            inner, depth = field.type, 0
            while pa.types.is_list(inner) or pa.types.is_fixed_size_list(inner):
                inner, depth = inner.value_type, depth + 1
            name = printable(field.name, 60)
            if depth and _is_bytes(inner):
                return f"{name} holds several pictures a row: write one a row."
            if depth and (pa.types.is_integer(inner) or pa.types.is_floating(inner)):
                return f"{name} holds plain numbers: save them as .npy or .npz, with numpy.save."
        return "Choose a table that holds the pictures' files themselves."

    def _label_columns(self) -> list[str]:
        # Floats under other names are measurements.
        columns = [
            field.name
            for field in list(self._schema)[:_MAX_COLUMNS]
            if _is_label(field.type) or (pa.types.is_floating(field.type) and field.name in _LABELS)
        ]
        requested = self._reading.options.labels
        known = [name for name in _LABELS if name in columns]
        others = [name for name in columns if name not in known]
        own = self._reading.own
        own.found += [name for name in (*known, *others) if name not in own.found]
        read_columns = {self._column, *columns}
        if unread := [
            printable(column, 60) for column in self._schema.names if column not in read_columns
        ][:_MAX_LISTED]:
            note = f"Columns that are not read: {', '.join(unread)}."
            if note not in self._reading.notes:
                self._reading.notes.append(note)
        return known + [
            name for name in others if requested and name.casefold() == requested.casefold()
        ]

    def _labels(self, name: str) -> Array:
        try:
            column = self._file.read([name]).column(0).to_pylist()
        except MemoryError:
            raise
        except Exception as error:  # untrusted bytes make the library raise nearly anything
            raise self._damaged(error) from error
        if pa.types.is_floating(self._schema.field(name).type):
            return np.array([np.nan if value is None else value for value in column], np.float64)
        return np.array(["" if value is None else str(value) for value in column])

    def _class_names(self) -> dict[str, list[str]]:
        """Return the class names of each column, from the Hub's metadata."""
        try:
            metadata = json.loads((self._schema.metadata or {})[b"huggingface"])
            features = metadata["info"]["features"]
            return {
                name: [str(class_name) for class_name in feature["names"]]
                for name, feature in features.items()
                if isinstance(feature, dict) and isinstance(feature.get("names"), list)
            }
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
            return {}

    def _damaged(self, error: Exception) -> StudioError:
        reason = printable(str(error), 100) or type(error).__name__
        return StudioError(f"{self._name} is damaged: {reason}.", "Save or download it again.")


def _class_name(label: str | None, names: Sequence[str]) -> str | None:
    """Return the name of a class; None for −1, the Hub's missing label of named classes."""
    if label is None or (names and label == "-1"):
        return None
    return names[int(label)] if label.isdecimal() and int(label) < len(names) else label


def _is_label(data_type: Any) -> bool:
    # Dictionary-encoded, as pandas writes categories and Polars strings.
    data_type = data_type.value_type if pa.types.is_dictionary(data_type) else data_type
    types = pa.types
    return bool(
        types.is_integer(data_type)
        or types.is_string(data_type)
        or types.is_large_string(data_type)
        or types.is_boolean(data_type)
    )


def _is_bytes(data_type: Any) -> bool:
    if pa.types.is_struct(data_type):
        return any(field.name == "bytes" for field in data_type)
    return bool(pa.types.is_binary(data_type) or pa.types.is_large_binary(data_type))
