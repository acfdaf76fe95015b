"""Export of a run's metrics as a CSV table or TensorBoard event files, also while it trains.

They are made from ``metrics.jsonl``; the training is not involved.
"""

from __future__ import annotations

import contextlib
import csv
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import BINS, Event, Progress
from ddpm_studio.jobs.library.metric_arrays import losses_by_t
from ddpm_studio.requests import ExportMetricsRequest
from ddpm_studio.runs import RunFolder, metrics
from ddpm_studio.runs.lock import is_in_use

_BY_T = "loss_by_t"
#: Columns of the table; ``loss_by_t`` has one for each of its parts of 1..T.
COLUMNS = (*metrics.COLUMNS, *(f"{_BY_T}_{k + 1}" for k in range(BINS)))
_POLL_SECONDS = 1.0


class _MetricsWriter(Protocol):
    def add(self, line: Mapping[str, Any]) -> None:
        """Write the metrics of a step."""

    def restart(self) -> None:
        """Discard what was written: the run has gone back, and its metrics have changed."""

    def flush(self) -> None:
        """Flush to the file."""

    def close(self) -> None:
        """Close the file."""


def export_metrics(request: ExportMetricsRequest) -> Generator[Event, None, int]:
    """Export a run's metrics as ``request`` asks.

    Yields:
        Progress.

    Returns:
        The number of steps written.

    Raises:
        StudioError: if it is no run, or is gone before its end, when what was written stays; if no
            file is requested, or one can't be written.
    """
    folder = RunFolder.open(request.run)
    if request.csv is None and request.tensorboard is None:
        raise StudioError("Nothing is asked for.", "Name a file with --csv, or --tensorboard DIR.")
    total = folder.info.request.steps if folder.info.request else 0
    written, step, position = 0, 0, metrics.FilePosition()
    try:
        with contextlib.ExitStack() as stack:
            writers = [
                stack.enter_context(contextlib.closing(writer)) for writer in _open_writers(request)
            ]
            while True:
                # Checked before reading, so that what is written until the end is read as well.
                is_live = request.follow and is_in_use(folder.path)
                chunk = metrics.read_new_lines(folder.metrics_file, position)
                position = chunk.position
                if not position.offset:
                    # Raises if the run is gone: what was written is not void then.
                    RunFolder.open(folder.path)
                if chunk.is_rewritten:
                    written = step = 0
                for writer in writers:
                    if chunk.is_rewritten:
                        writer.restart()
                    for line in chunk.lines:
                        writer.add(line)
                    writer.flush()
                written += len(chunk.lines)
                if chunk.lines:
                    step = int(chunk.lines[-1]["step"])
                yield Progress(step, max(total, step), "Writing the figures", "steps")
                if not chunk.more:
                    if not is_live:
                        return written
                    time.sleep(_POLL_SECONDS)
    except OSError as error:
        raise StudioError(
            f"The figures can't be written: {error.strerror or error}"
            f"{f': {error.filename}' if error.filename else ''}.",
            "Check the folder, its permissions and space.",
        ) from error


def _open_writers(request: ExportMetricsRequest) -> Iterator[_MetricsWriter]:
    """Open the targets one by one, so that the first is closed if the second can't be opened."""
    if request.tensorboard is not None:
        yield _TensorBoardWriter(request.tensorboard)
    if request.csv is not None:
        yield _CsvWriter(request.csv)


class _CsvWriter:
    """A CSV file; metrics that a step lacks are empty cells."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)

    def add(self, line: Mapping[str, Any]) -> None:
        by_t = ("" if math.isnan(value) else value for value in losses_by_t(line.get(_BY_T)))
        self._writer.writerow(
            [line["step"], *(line.get(name) for name in metrics.COLUMNS[1:]), *by_t]
        )

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._writer.writerow(COLUMNS)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class _TensorBoardWriter:
    """TensorBoard event files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = _summary_writer()
        self._writer = self._open(folder)

    def add(self, line: Mapping[str, Any]) -> None:
        step = int(line["step"])
        for name in metrics.COLUMNS[1:]:
            if isinstance(value := line.get(name), int | float):
                self._writer.add_scalar(name, value, step)
        for k, value in enumerate(losses_by_t(line.get(_BY_T))):
            if not math.isnan(value):
                self._writer.add_scalar(f"{_BY_T}/{k + 1:02}", value, step)

    def restart(self) -> None:
        self._writer.close()
        self._writer = self._open(self._folder)

    def flush(self) -> None:
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def _summary_writer() -> Callable[[Path], Any]:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise StudioError(
            "Event files need the package tensorboard.",
            "Install it: pip install 'ddpm-studio[tensorboard]'; or write a table with --csv.",
        ) from error
    make_writer = cast(Callable[..., Any], SummaryWriter)
    # Values of other event files in the folder, such as those of an earlier export, are purged from
    # step 0 on: otherwise each would appear twice.
    return lambda folder: make_writer(str(folder), purge_step=0)
