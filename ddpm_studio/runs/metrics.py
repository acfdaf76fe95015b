"""``metrics.jsonl``: an append-only log of training metrics, one JSON object per line."""

from __future__ import annotations

import errno
import json
import math
import stat
import statistics
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from ddpm_studio.runs import atomic
from ddpm_studio.strict_json import parse_object

_MAX_LINE_BYTES = 1 << 16
_LISTS = frozenset(("loss_by_t",))
#: Scalar metrics, in the order of a table's columns.
COLUMNS = (
    "step",
    "loss",
    "grad_norm",
    "lr",
    "held_out_loss",
    "held_out_bits",
    "images_per_second",
    "memory_bytes",
    "cpu_load",
    "device_load",
)
_NUMBERS = frozenset(COLUMNS)
_MAX_MAGNITUDE = 2**62
_MAX_STEPS = 10**9
_TAIL = 64
_CHUNK_BYTES = 4 << 20
_LAST_LINE_BYTES = 64 << 10
_SAMPLE_BYTES = 4 << 10


@dataclass(frozen=True)
class FilePosition:
    """Read position in a file: ``tail`` holds the last bytes before ``offset``.

    They distinguish a file that only grew from one that was rewritten.
    """

    offset: int = 0
    tail: bytes = b""


@dataclass(frozen=True)
class MetricsChunk:
    """Result of :func:`read_new_lines`: the new rows, and the position from which to read on.

    ``is_rewritten``: the file was rewritten, and what was read before is void. ``more``: there is
    more to read already.
    """

    lines: list[dict[str, Any]]
    position: FilePosition
    is_rewritten: bool
    more: bool


# Most lines that are buffered while the disk is full: about a day of a slow training, 20 MB.
_MAX_BUFFERED_LINES = 100_000


class MetricsWriter:
    """Appends to the file; lines that can't be written are buffered, and training goes on.

    Args:
        path: ``metrics.jsonl``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: OSError | None = None
        """The error of the last write; None if it succeeded."""
        self._buffered: deque[dict[str, Any]] = deque(maxlen=_MAX_BUFFERED_LINES)
        self._void_after: int | None = None

    def append(self, lines: Iterable[dict[str, Any]]) -> None:
        """Append objects, one per line, after any buffered ones."""
        self._buffered.extend(lines)
        try:
            if self._void_after is not None:
                truncate(self.path, self._void_after)
                self._void_after = None
            append(self.path, self._buffered)
        except OSError as error:
            self.problem = error.with_traceback(None)
        else:
            self.problem = None
            self._buffered.clear()

    def drop_after(self, step: int) -> None:
        """Drop the lines after a step from which training is about to resume, also buffered ones.

        If the write fails, it is retried with the next lines, before they are appended.
        """
        retained = [line for line in self._buffered if line["step"] <= step]
        self._buffered.clear()
        self._void_after = step if self._void_after is None else min(step, self._void_after)
        self.append(retained)


def append(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Append objects, one per line: all of them or none.

    Raises:
        OSError: if they can't be written.
    """
    atomic.append(path, _text(lines))


def read(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects; lines cut off by a crash, and invalid ones, are skipped."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        while line := file.readline(_MAX_LINE_BYTES):
            if (value := _parse(line)) is not None:
                yield value


def read_new_lines(path: Path, position: FilePosition, limit: int = _CHUNK_BYTES) -> MetricsChunk:
    """Read the lines added since the last call, also while another process writes.

    Only complete lines are read. If the file was truncated or replaced, as when a run is resumed,
    reading starts from the beginning again.

    Args:
        path: the file, which may not exist yet.
        position: where to read on; ``FilePosition()`` is the beginning.
        limit: most bytes to read.
    """
    try:
        file = _open_regular_file(path)
    except OSError:
        return MetricsChunk([], FilePosition(), position.offset > 0, False)
    with file:
        size = file.seek(0, 2)
        file.seek(max(0, position.offset - len(position.tail)))
        is_rewritten = size < position.offset or file.read(len(position.tail)) != position.tail
        start = 0 if is_rewritten else position.offset
        file.seek(start)
        content = file.read(limit)
        # A line longer than the limit can't be a valid one: it is skipped.
        complete = content.rfind(b"\n") + 1 or (len(content) if len(content) == limit else 0)
        content = content[:complete]
        tail = b"" if is_rewritten else position.tail
    lines = [value for line in content.splitlines() if (value := _parse(line)) is not None]
    end = start + complete
    more = complete > 0 and start + limit < size
    return MetricsChunk(lines, FilePosition(end, (tail + content)[-_TAIL:]), is_rewritten, more)


def read_last(path: Path) -> dict[str, Any] | None:
    """Return the last object, or None; only the end of a long file is read."""
    try:
        with _open_regular_file(path) as file:
            file.seek(max(0, file.seek(0, 2) - _LAST_LINE_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return None
    return next((value for line in reversed(lines) if (value := _parse(line))), None)


def downsample_losses(path: Path, count: int) -> list[tuple[int, float]]:
    """Return a downsampled loss curve: up to ``count`` points (step, loss), by rising step.

    They are spread evenly over the file; each is the median loss of some lines, with the step in
    their middle. Long files are not read in full. Lines without a finite loss are skipped.
    """
    try:
        with _open_regular_file(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= count * _SAMPLE_BYTES:
                lines = file.read().splitlines()
                length = max(1, math.ceil(len(lines) / count))
                groups = [lines[start : start + length] for start in range(0, len(lines), length)]
            else:
                groups = [
                    _read_lines_at(file, size * position // count) for position in range(count)
                ]
    except OSError:
        return []
    points = [point for lines in groups if (point := _median_loss(lines)) is not None]
    return sorted(dict(points).items())


def _read_lines_at(file: BinaryIO, start: int) -> list[bytes]:
    """Return the lines at a byte offset: complete ones, and a last one that may be cut off."""
    file.seek(start)
    if start:
        file.readline(_MAX_LINE_BYTES)
    return file.read(_SAMPLE_BYTES).splitlines()


def _median_loss(lines: list[bytes]) -> tuple[int, float] | None:
    parsed = [value for line in lines if (value := _parse(line)) is not None]
    points = [
        (int(value["step"]), float(loss))
        for value in parsed
        if (loss := value.get("loss")) is not None and math.isfinite(loss)
    ]
    if not points:
        return None
    return points[len(points) // 2][0], statistics.median(loss for _, loss in points)


def truncate(path: Path, step: int) -> None:
    """Rewrite the file without the lines after ``step``, from which training resumes."""
    retained = [line for line in read(path) if line["step"] <= step]
    atomic.write_bytes(path, _text(retained))


def _open_regular_file(path: Path) -> BinaryIO:
    """Open a regular file only: opening a pipe blocks until its other end opens."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "Not a plain file", str(path))
    return path.open("rb")


def _text(lines: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def _parse(line: bytes) -> dict[str, Any] | None:
    """Parse a line; None if it is cut off or invalid."""
    try:
        value = parse_object(line, _MAX_LINE_BYTES)
    except ValueError:
        return None
    step = value.get("step")
    is_valid = (
        type(step) is int
        and 0 <= step < _MAX_STEPS
        and all(_is_figure(key, v) for key, v in value.items())
    )
    return value if is_valid else None


def _is_figure(key: str, value: object) -> bool:
    """Whether a value is valid for its key: a bounded number or None, a list of them, or a text.

    Only the keys in ``_LISTS`` have lists, and the keys in :data:`COLUMNS` never have texts.
    """
    if key in _LISTS:
        return isinstance(value, list) and all(item is None or _is_number(item) for item in value)
    return value is None or _is_number(value) or (key not in _NUMBERS and isinstance(value, str))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _MAX_MAGNITUDE
