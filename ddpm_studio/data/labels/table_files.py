"""Reader of label tables: delimiter-separated values (CSV, TSV, text), JSON and JSON Lines.

Cells are separated by comma, semicolon, tab, bar or white space, with or without a header; the
encoding is UTF-8, UTF-16 as spreadsheets write it, or else Windows-1252. CelebA's attributes begin
with their count. JSON is a list of objects, an object per line, or a mapping from file to class or
from class to files.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from ddpm_studio.data.items import File

FILE_COLUMNS = frozenset(
    (
        *("file_name", "filename", "file", "image", "image_id", "image_name", "path", "filepath"),
        *("img", "name", "id"),
    )
)
LABEL_COLUMNS = frozenset(
    ("label", "labels", "class", "class_name", "category", "target", "y", "species")
)
JSON_SUFFIX = ".json"
_JSON_LINES_SUFFIXES = (".jsonl", ".ndjson")
SUFFIXES = frozenset((".csv", ".tsv", ".txt", JSON_SUFFIX, *_JSON_LINES_SUFFIXES))
#: Suffixes of files that are certainly tables: if such a file is not used, a note says so.
CERTAIN_SUFFIXES = frozenset((".csv", ".tsv", *_JSON_LINES_SUFFIXES))
MAX_BYTES = 64 * 2**20
# Lines before the header to skip; "sep=" is Excel's declaration of the separator.
_COMMENTS = re.compile(r"\A(?:\"?sep=[^\n]{1,4}\n)?(?:#[^\n]*\n)*")
_MAX_ROWS, _MAX_COLUMNS = 2_000_000, 1000
# Bounds memory: rows without a key have an empty cell for it.
_MAX_CELLS = 20_000_000
_SEPARATORS = ",;\t|"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class LabelTable:
    """A table: file name, column names and rows, which may have fewer cells than columns."""

    name: str
    columns: list[str]
    rows: list[list[str]]


def read_table(file: File) -> LabelTable | None:
    """Parse a file as a table; return None if it is none."""
    name = file.name.rpartition("/")[2]
    try:
        text = _text(file.read(-1))
        if file.suffix == JSON_SUFFIX:
            return _table_from_json(name, json.loads(text))
        lines = io.StringIO(_COMMENTS.sub("", text), newline="")
        if file.suffix in _JSON_LINES_SUFFIXES:
            return _table_from_objects(name, [json.loads(line) for line in lines if line.strip()])
        rows = list(islice(filter(None, _rows(file.suffix, lines)), _MAX_ROWS + 1))
    except (OSError, csv.Error, ValueError, RecursionError):
        return None
    if len(rows) < 2 or len(rows) > _MAX_ROWS:
        return None
    # CelebA's attributes: a line with the count, one with all column names but the first, the rows.
    if len(rows[0]) == 1 and rows[0][0].isdecimal() and len(rows[1]) + 1 == len(rows[-1]):
        return LabelTable(name, ["image_id", *rows[1]], rows[2:])
    if len(rows[0]) < 2 or len(rows[0]) > _MAX_COLUMNS:
        return None
    if any(cell.strip().casefold() in FILE_COLUMNS | LABEL_COLUMNS for cell in rows[0]):
        return LabelTable(name, [cell.strip() for cell in rows[0]], rows[1:])
    stem = name.rpartition(".")[0]
    others = [stem] if len(rows[0]) == 2 else [f"{stem}:{k}" for k in range(2, len(rows[0]) + 1)]
    return LabelTable(name, ["", *others], rows)


def _text(data: bytes) -> str:
    if data.startswith(_UTF16):
        return data.decode("utf-16")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Spreadsheets of Western Europe; zero bytes indicate a binary file.
        if b"\0" in data:
            raise
        return data.decode("cp1252")


def _rows(suffix: str, lines: io.StringIO) -> Iterator[list[str]]:
    head, second = lines.readline(), lines.readline()
    lines.seek(0)
    separator = max(_SEPARATORS, key=head.count)
    if separator not in head:
        separator = max(_SEPARATORS, key=second.count)
    is_separated = separator in head + second
    # Tab-separated names may contain spaces; otherwise tabs may be used for alignment.
    by_tabs = separator == "\t" and head.count("\t") == second.count("\t")
    if suffix == ".txt" and (not is_separated or (separator == "\t" and not by_tabs)):
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=separator if is_separated else ",")


def _table_from_json(name: str, content: object) -> LabelTable | None:
    if isinstance(content, dict) and not any(
        isinstance(value, dict | list) for value in content.values()
    ):
        rows = [[str(key), _cell(value)] for key, value in content.items()]
        return LabelTable(name, ["", name.rpartition(".")[0]], rows) if rows else None
    if isinstance(content, dict):
        # A mapping from class to files.
        if all(isinstance(files, list) and all(map(_is_text, files)) for files in content.values()):
            rows = [[str(file), str(key)] for key, files in content.items() for file in files]
            return (
                LabelTable(name, ["", name.rpartition(".")[0]], rows) if len(content) > 1 else None
            )
        # {"annotations": [{"image": …, "label": …}]}; COCO has several such lists.
        lists = [value for value in content.values() if isinstance(value, list)]
        return _table_from_objects(name, lists[0]) if len(lists) == 1 else None
    return _table_from_objects(name, content) if isinstance(content, list) else None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _table_from_objects(name: str, entries: list[object]) -> LabelTable | None:
    objects = [entry for entry in entries if isinstance(entry, dict)]
    if not objects or len(objects) < len(entries) or len(entries) > _MAX_ROWS:
        return None
    columns = list(dict.fromkeys(str(key) for entry in objects for key in entry))[:_MAX_COLUMNS]
    if len(columns) * len(objects) > _MAX_CELLS:
        return None
    rows = [[_cell(entry.get(key)) for key in columns] for entry in objects]
    return LabelTable(name, columns, rows)


def _cell(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)
