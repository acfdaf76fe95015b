"""Classes by a table with a column of files: ``metadata.csv`` and ``.jsonl`` (imagefolder), CelebA.

A table is comma or tab separated or of white space, with a head or without; CelebA's attributes
begin with their count. A column is a class where it is called so, or where it is the only one.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from ddpm_studio.data.items import File
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.errors import plain

_SUFFIXES = frozenset((".csv", ".tsv", ".txt", ".jsonl", ".ndjson"))
_RANK = 2
_MOST_BYTES, _MOST_TABLES, _MOST_ROWS = 64 * 2**20, 16, 2_000_000
_MOST_COLUMNS = 1000
_FILE_COLUMNS = (
    *(
        "file_name",
        "filename",
        "file",
        "image",
        "image_id",
        "path",
        "filepath",
        "img",
        "name",
        "id",
    ),
)
_LABEL_COLUMNS = ("label", "labels", "class", "class_name", "category", "target", "y", "species")
# So many different values for a picture each are captions or numbers, not classes.
_MOST_CLASSES = 1000


@dataclass(frozen=True)
class _Table:
    name: str
    columns: list[str]
    rows: list[list[str]]


def table_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str]]:
    """Return the columns of the tables among the files, and which files are such tables.

    Args:
        files: of the tree.
        paths: of its pictures.
    """
    tables = [file for file in files if file.suffix in _SUFFIXES and 0 < file.size <= _MOST_BYTES]
    # Captions beside the pictures are as many as these.
    if not tables or not paths or len(tables) > _MOST_TABLES:
        return [], set()
    by_path = {_stem(path): path for path in paths}
    by_path |= {path: path for path in paths}
    by_name: dict[str, str | None] = {}
    for path in paths:
        for name in (path.rpartition("/")[2], _stem(path.rpartition("/")[2])):
            by_name[name] = path if by_name.get(name, path) == path else None
    sources: list[LabelSource] = []
    used: set[str] = set()
    for file in tables:
        table = _read(file)
        if table is None:
            continue
        folder = file.name.rpartition("/")[0]
        found = _columns(table, f"{folder}/" if folder else "", by_path, by_name)
        if found:
            used.add(file.name)
            sources += found
    return sources, used


def _columns(
    table: _Table, folder: str, by_path: dict[str, str], by_name: dict[str, str | None]
) -> list[LabelSource]:
    """Return a source for each column beside the one that names the pictures."""

    def path_of(cell: str) -> str | None:
        cell = cell.strip().replace("\\", "/").removeprefix("./")
        found = by_path.get(folder + cell) or by_path.get(cell)
        return found or by_name.get(cell.rpartition("/")[2])

    at = _file_column(table, path_of)
    if at is None:
        return []
    paths = [path_of(row[at]) if len(row) > at else None for row in table.rows]
    others = [index for index in range(len(table.columns)) if index != at]
    sources = []
    for index in others:
        known = {
            path: row[index].strip()
            for path, row in zip(paths, table.rows, strict=True)
            if path is not None and len(row) > index and row[index].strip()
        }
        values = len(set(known.values()))
        few = 1 < values <= min(_MOST_CLASSES, max(2, len(known) // 2))
        name = table.columns[index]
        called = name.casefold() in _LABEL_COLUMNS
        sure = values > 1 and (called or (len(others) == 1 and few))
        if known and (few or called):
            title = f"the column {plain(name, 60)} of {plain(table.name, 80)}"
            rank = _RANK if sure else None
            sources.append(LabelSource(name, title, rank, partial(_classes, known)))
    return sources


def _file_column(table: _Table, path_of: object) -> int | None:
    """Return which column names pictures that are there: most of its cells do."""
    assert callable(path_of)
    sample = table.rows[:: max(1, len(table.rows) // 50)]
    order = sorted(
        range(len(table.columns)),
        key=lambda at: (table.columns[at].casefold() not in _FILE_COLUMNS, at),
    )
    for at in order:
        hits = sum(len(row) > at and path_of(row[at]) is not None for row in sample)
        if hits and 2 * hits >= len(sample):
            return at
    return None


def _classes(known: dict[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [known.get(path) for path in paths]


def _read(file: File) -> _Table | None:
    """Return a file as a table; None: it is none."""
    try:
        text = file.read(-1).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return None
    lines = io.StringIO(text, newline="")
    name = file.name.rpartition("/")[2]
    try:
        if file.suffix in (".jsonl", ".ndjson"):
            return _json_lines(name, lines)
        rows = [row for row in _rows(file.suffix, lines) if row]
    except (csv.Error, ValueError, RecursionError):
        return None
    if len(rows) < 2 or len(rows) > _MOST_ROWS:
        return None
    # CelebA's attributes: the count, the names of the columns but for the first, the rows.
    if len(rows[0]) == 1 and rows[0][0].isdecimal() and len(rows[1]) + 1 == len(rows[-1]):
        return _Table(name, ["image_id", *rows[1]], rows[2:])
    if len(rows[0]) < 2 or len(rows[0]) > _MOST_COLUMNS:
        return None
    if any(cell.casefold() in (*_FILE_COLUMNS, *_LABEL_COLUMNS) for cell in rows[0]):
        return _Table(name, rows[0], rows[1:])
    stem = name.rpartition(".")[0]
    others = [stem] if len(rows[0]) == 2 else [f"{stem}:{k}" for k in range(2, len(rows[0]) + 1)]
    return _Table(name, ["", *others], rows)


def _rows(suffix: str, lines: io.StringIO) -> Iterator[list[str]]:
    if suffix == ".tsv":
        return csv.reader(lines, delimiter="\t")
    head = lines.readline()
    second = lines.readline()
    lines.seek(0)
    if suffix == ".csv" or "," in (head if "," in head else second):
        return csv.reader(lines, delimiter=";" if ";" in head and "," not in head else ",")
    return (line.split() for line in lines)


def _json_lines(name: str, lines: io.StringIO) -> _Table | None:
    found = [json.loads(line) for line in lines if line.strip()]
    if not found or not all(isinstance(one, dict) for one in found):
        return None
    columns = list(dict.fromkeys(key for one in found for key in one))[:_MOST_COLUMNS]
    rows = [[_cell(one.get(key)) for key in columns] for one in found]
    return _Table(name, columns, rows)


def _cell(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)


def _stem(path: str) -> str:
    return path.rpartition(".")[0] or path
