"""CSV export of training metrics, and of tables in general."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ddpm_studio.export.atomic_writes import atomic_write, check_suffix


def save_csv(
    path: Path,
    columns: Sequence[str],
    runs: Sequence[tuple[str, Iterable[Mapping[str, object]]]],
) -> None:
    """Write the metrics of runs as CSV, a row per step: run name, then metrics; empty: no value.

    Args:
        path: ends with ``.csv``.
        columns: keys of the metrics.
        runs: the name of each run, and the objects of its ``metrics.jsonl``.

    Raises:
        StudioError: if the file can't be written.
    """
    rows = (
        (name, *(line.get(column) for column in columns)) for name, lines in runs for line in lines
    )
    save_table(path, ("run", *columns), rows)


def save_table(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a table as CSV with a header; None becomes an empty field.

    Args:
        path: ends with ``.csv``.
        columns: names of the columns.
        rows: rows with one value for each column.

    Raises:
        StudioError: if the file can't be written.
    """
    check_suffix(path, (".csv",))
    with (
        atomic_write(path) as temporary,
        # The name of a run's folder may not be decodable, and then contains lone surrogates.
        temporary.open("w", encoding="utf-8", errors="replace", newline="") as file,
    ):
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
