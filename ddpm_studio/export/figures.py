"""The figures of trainings as a table for other programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ddpm_studio.export.writing import check_suffix, whole_file


def save_csv(
    path: Path,
    columns: Sequence[str],
    runs: Sequence[tuple[str, Iterable[Mapping[str, object]]]],
) -> None:
    """Write one row a step: the run's name, then its figures; empty where not recorded.

    Args:
        path: ends with ``.csv``.
        columns: of the figures.
        runs: the name of each run and the objects of its ``metrics.jsonl``.

    Raises:
        StudioError: if the file can't be written.
    """
    rows = (
        (name, *(line.get(column) for column in columns)) for name, lines in runs for line in lines
    )
    save_table(path, ("run", *columns), rows)


def save_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write any table, its columns' names first; None is an empty field.

    Args:
        path: ends with ``.csv``.
        columns: the names.
        rows: one value for each column.

    Raises:
        StudioError: if the file can't be written.
    """
    check_suffix(path, (".csv",))
    with (
        whole_file(path) as temporary,
        # A run may lie in a folder whose name is no text in any encoding.
        temporary.open("w", encoding="utf-8", errors="replace", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
