"""Labels from tables with a column of files: ``metadata.csv`` and ``.jsonl`` (imagefolder), CelebA.

A column holds classes if its name says so, or if it is the only one; one-hot columns, of which one
is 1 and the others 0 in each row (as ISIC's), are the classes themselves.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice, takewhile

from ddpm_studio.data.decoding.signatures import PICTURE_SUFFIXES
from ddpm_studio.data.items import File
from ddpm_studio.data.labels.class_names import is_class_names_file
from ddpm_studio.data.labels.source import LabelSource
from ddpm_studio.data.labels.table_files import (
    CERTAIN_SUFFIXES,
    FILE_COLUMNS,
    JSON_SUFFIX,
    LABEL_COLUMNS,
    MAX_BYTES,
    SUFFIXES,
    LabelTable,
    read_table,
)
from ddpm_studio.data.splits import TRAIN, split_in, split_of, splits_in_path
from ddpm_studio.errors import printable
from ddpm_studio.placeholders import HEAD_BYTES, detect_placeholder

ONE_HOT = "one-hot"
_RANK = 2
_MAX_TABLES = 16
# With more distinct values than this, a column holds captions or numbers, not classes.
_MAX_CLASSES = 1000
_BITS = {"0": 0, "1": 1, "0.0": 0, "1.0": 1}
_MIN_ONE_HOT = 2
# Of a path from another machine, this many trailing components are compared.
_MAX_DEPTH = 8
# Numbers of this many digits are not numbers of pictures.
_MAX_DIGITS = 19
_WHOLE_FLOAT = re.compile(r"-?\d+\.0+")
# CelebA's list_eval_partition.txt, Kaggle's Usage, fastai's is_valid.
_SPLIT_COLUMN = re.compile(
    r"(?:^|_)(?:partition|split|subset|usage|fold|set)$|^is_valid$", re.IGNORECASE
)

PathOf = Callable[[str], "str | None"]


def table_sources(
    files: Sequence[File], paths: Sequence[str]
) -> tuple[list[LabelSource], set[str], list[str]]:
    """Return the label sources of tables, the names of the files used, and notes on the others.

    Args:
        files: the files of the tree.
        paths: the paths of its pictures.
    """
    tables = [file for file in files if file.suffix in SUFFIXES and 0 < file.size <= MAX_BYTES]
    # Many files of one suffix are captions or notes, one per picture, and no tables.
    for suffix in {file.suffix for file in tables}:
        if sum(file.suffix == suffix for file in tables) > _MAX_TABLES:
            tables = [file for file in tables if file.suffix != suffix]
    if not tables or not paths:
        return [], set(), []
    names = PictureNames(paths)
    # Of several tables with the same pictures the first has precedence.
    tables.sort(key=lambda file: split_in(file.name) not in (None, TRAIN))
    sources: list[LabelSource] = []
    used: set[str] = set()
    notes: list[str] = []
    for file in tables:
        table = read_table(file)
        if table is not None and _are_names(table, len(paths)):
            table = None
        folder = file.name.rpartition("/")[0]
        path_of: PathOf = partial(names.path_of, f"{folder}/" if folder else "")
        path_of = partial(_picture_in_split, path_of, split_in(file.name))
        column = _file_column(table, path_of, len(paths)) if table is not None else None
        if table is not None and column is None:
            path_of = partial(_picture_in_split, names.by_number, split_in(file.name))
            column = _number_column(table, path_of)
        file_sources: list[LabelSource] = []
        if table is not None and column is not None:
            file_sources = _column_sources(
                _with_header(table, column, path_of), column, path_of, notes
            )
        if file_sources:
            used.add(file.name)
            sources += file_sources
        elif file.suffix in CERTAIN_SUFFIXES and not is_class_names_file(file):
            reason = "no column of it names these pictures"
            if table is None:
                reason = _not_table_reason(file)
            elif column is not None:
                reason = "it names the pictures, but no column has so few values as classes"
            notes.append(f"{printable(file.name, 80)} is not read as labels: {reason}.")
    return sources, used, notes


def _picture_in_split(path_of: PathOf, table_split: str | None, cell: str) -> str | None:
    """Return the picture that a cell names, unless it belongs to another split.

    Args:
        path_of: returns the picture of a cell.
        table_split: the split given by the table's file name, as of test.csv, or None.
        cell: the text of the cell.
    """
    path = path_of(cell)
    if path is None:
        return None
    cell_splits = splits_in_path(cell.replace("\\", "/")) or frozenset(
        {table_split} if table_split else ()
    )
    path_splits = splits_in_path(path)
    return None if cell_splits and path_splits and cell_splits.isdisjoint(path_splits) else path


def _are_names(table: LabelTable, picture_count: int) -> bool:
    """Whether a table from number to name lists class names rather than labels of pictures.

    ``labels.json`` may be either if file names are numbers. It lists class names if all names
    differ and there are at most half as many as pictures.
    """
    if table.columns[0] or len(table.columns) != 2 or 2 * len(table.rows) > picture_count:
        return False
    values = {row[1] for row in table.rows if len(row) == 2 and row[0].isdecimal()}
    return len(values) == len(table.rows)


class PictureNames:
    """Index of pictures by path or file name, with or without suffix, to resolve cells of tables.

    A path from another machine, ``C:\\pictures\\cat\\1.png``, is matched by its trailing components
    if these identify one picture; Unicode normalisation forms are treated as equal.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths
        self._roots = _roots(paths)
        self._numbers: dict[int, str | None] = {}
        self._by_path = {_stem(_normalize_nfc(path)): path for path in paths}
        self._by_path |= {_normalize_nfc(path): path for path in paths}
        self._by_name: dict[str, str | None] = {}
        self._by_casefolded_name: dict[str, str | None] = {}
        for path in paths:
            file_name = _normalize_nfc(path.rpartition("/")[2])
            for name in (file_name, _stem(file_name)):
                for index, key in (
                    (self._by_name, name),
                    (self._by_casefolded_name, name.casefold()),
                ):
                    index[key] = path if index.get(key, path) == path else None

    def path_of(self, folder: str, cell: str) -> str | None:
        """Return the path of the picture that a cell names, or None.

        ``folder`` is the table's own folder with a trailing slash, or empty.
        """
        cell = _normalize_nfc(cell.strip().replace("\\", "/").removeprefix("./"))
        found = self._by_path.get(_normalize_nfc(folder) + cell) or self._by_relative_path(cell)
        if found or "/" not in cell:
            return found or self._by_file_name(cell)
        if "://" in cell:
            cell = cell.partition("?")[0]
        components = cell.rsplit("/", _MAX_DEPTH)[1:]
        for first in range(len(components) - 1):
            if found := self._by_relative_path("/".join(components[first:])):
                return found
        return self._by_file_name(components[-1])

    def by_number(self, cell: str) -> str | None:
        """Return the picture named by a number whose leading zeros a spreadsheet has dropped."""
        if not self._numbers:
            for path in self._paths:
                number = _number(_stem(path.rpartition("/")[2]))
                if number is not None:
                    existing = self._numbers.get(number, path)
                    self._numbers[number] = path if existing == path else None
        number = _number(cell.strip())
        return self._numbers.get(number) if number is not None else None

    def _by_relative_path(self, path: str) -> str | None:
        """Return the picture of a path relative to one of the common parent folders, or None."""
        candidates = (self._by_path.get(root + path) for root in self._roots)
        return next(filter(None, candidates), None)

    def _by_file_name(self, name: str) -> str | None:
        found = self._by_name.get(name) or self._by_casefolded_name.get(name.casefold())
        stem, dot, suffix = name.rpartition(".")
        if found or f"{dot}{suffix}".casefold() not in PICTURE_SUFFIXES:
            return found
        # The picture may have been converted to another file type since.
        return self._by_name.get(stem) or self._by_casefolded_name.get(stem.casefold())


def _roots(paths: Sequence[str]) -> list[str]:
    """Return the common parent folders of all pictures, from the root, which is empty, inwards."""
    folders = [folder.split("/") for folder in {path.rpartition("/")[0] for path in paths}]
    levels = takewhile(lambda names: len(set(names)) == 1, zip(*folders, strict=False))
    common = [names[0] for names in islice(levels, _MAX_DEPTH)]
    return ["", *("/".join(common[: depth + 1]) + "/" for depth in range(len(common)))]


def _not_table_reason(file: File) -> str:
    try:
        placeholder = detect_placeholder(file.read(HEAD_BYTES), file.size)
    except OSError:
        return "it can't be read"
    return f"it is {placeholder.reason}" if placeholder else "it has no columns that can be read"


def _column_sources(
    table: LabelTable, file_column: int, path_of: PathOf, notes: list[str]
) -> list[LabelSource]:
    """Return a label source for each usable column but the one that names the pictures."""
    paths = [path_of(row[file_column]) if len(row) > file_column else None for row in table.rows]
    others = [index for index in range(len(table.columns)) if index != file_column]
    sources = []
    one_hot = _one_hot(table, paths, others)
    if one_hot is not None:
        title = f"the one-hot columns of {printable(table.name, 80)}"
        sources.append(LabelSource(ONE_HOT, title, _RANK, partial(_classes, one_hot)))
    for index in others:
        labels, several_count = _values(table, paths, index)
        distinct = set(labels.values())
        value_count = len(distinct)
        has_few = 1 < value_count <= min(_MAX_CLASSES, max(2, len(labels) // 2))
        name = table.columns[index]
        is_label_column = name.casefold() in LABEL_COLUMNS
        is_split_column = _SPLIT_COLUMN.search(name) is not None or all(map(split_of, distinct))
        is_certain = (
            value_count > 1
            and not is_split_column
            and (is_label_column or (len(others) == 1 and has_few))
        )
        if several_count and (has_few or is_label_column):
            notes.append(
                f"The column {printable(name, 60)} of {printable(table.name, 80)} has several "
                f"values for {several_count:,} of the pictures: the last is taken."
            )
        if labels and (has_few or is_label_column):
            title = f"the column {printable(name, 60)} of {printable(table.name, 80)}"
            if table.name.endswith(JSON_SUFFIX):
                title = printable(table.name, 80)
            rank = _RANK if is_certain else None
            are_splits = is_split_column and value_count > 1 and has_few
            sources.append(LabelSource(name, title, rank, partial(_classes, labels), are_splits))
    return sources


def _values(
    table: LabelTable, paths: Sequence[str | None], index: int
) -> tuple[dict[str, str], int]:
    """Return a column's value for each picture, and the number of pictures with several values."""
    values: dict[str, str] = {}
    ambiguous: set[str] = set()
    for path, row in zip(paths, table.rows, strict=True):
        value = row[index].strip() if path is not None and len(row) > index else ""
        if path is None or not value:
            continue
        if values.get(path, value) != value:
            ambiguous.add(path)
        values[path] = value
    # Integers that were converted to floats, as pandas does if a value is missing.
    if values and all(map(_WHOLE_FLOAT.fullmatch, values.values())):
        values = {path: value.partition(".")[0] for path, value in values.items()}
    return values, len(ambiguous)


def _one_hot(
    table: LabelTable, paths: Sequence[str | None], others: Sequence[int]
) -> dict[str, str] | None:
    """Return the class of each picture from one-hot columns; None if they are not one-hot."""
    if len(others) < _MIN_ONE_HOT:
        return None
    classes: dict[str, str] = {}
    for path, row in zip(paths, table.rows, strict=True):
        if path is None:
            continue
        bits = [_BITS.get(row[index].strip(), 2) if len(row) > index else 2 for index in others]
        if sum(bits) != 1:
            return None
        classes[path] = table.columns[others[bits.index(1)]]
    return classes if len(set(classes.values())) > 1 else None


def _with_header(table: LabelTable, column: int, path_of: PathOf) -> LabelTable:
    """Return the table with its first row as header if that is the only row without a picture."""
    first_row = table.rows[0]
    if (
        table.columns[0]
        or len(first_row) != len(table.columns)
        or path_of(first_row[column]) is not None
    ):
        return table
    other_rows = table.rows[1:]
    if not all(len(row) > column and path_of(row[column]) is not None for row in other_rows):
        return table
    return replace(table, columns=[cell.strip() for cell in first_row], rows=other_rows)


def _file_column(table: LabelTable, path_of: PathOf, picture_count: int) -> int | None:
    """Return the index of the column of pictures, or None.

    At least half of its cells, by a sample, name pictures; or at least half of all pictures are
    named in it, if it is called as a column of files or is the first.
    """
    sample = table.rows[:: max(1, len(table.rows) // 50)]
    order = sorted(
        range(len(table.columns)),
        key=lambda column: (table.columns[column].casefold() not in FILE_COLUMNS, column),
    )
    for column in order:
        hit_count = sum(len(row) > column and path_of(row[column]) is not None for row in sample)
        if hit_count and 2 * hit_count >= len(sample):
            return column
    # A table of a larger set, of which only some pictures are present.
    for column in order:
        if table.columns[column].casefold() in FILE_COLUMNS or column == 0:
            named_paths = {path_of(row[column]) for row in table.rows if len(row) > column} - {None}
            if 2 * len(named_paths) >= picture_count:
                return column
    return None


def _number_column(table: LabelTable, path_of: PathOf) -> int | None:
    """Return the column of files of which at least half of the rows name pictures by number."""
    for column, name in enumerate(table.columns):
        if name.casefold() in FILE_COLUMNS:
            named_paths = [path_of(row[column]) for row in table.rows if len(row) > column]
            if 2 * len(set(named_paths) - {None}) >= max(2, len(table.rows)):
                return column
    return None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < _MAX_DIGITS else None


def _classes(classes: dict[str, str], paths: Sequence[str]) -> list[str | None] | None:
    return [classes.get(path) for path in paths]


def _normalize_nfc(text: str) -> str:
    """Return a text in Unicode form NFC; macOS may write names in decomposed form."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _stem(path: str) -> str:
    return path.rpartition(".")[0] or path
