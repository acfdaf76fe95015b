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

_LONGEST_LINE = 1 << 16
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
_BOUND = 2**62
_MOST_STEPS = 10**9
_TAIL = 64
_PORTION = 4 << 20
_LAST = 64 << 10
_GLANCE = 4 << 10


@dataclass(frozen=True)
class FilePosition:
    """Read position in a file: ``tail`` holds the last bytes before ``offset``.

    They distinguish a file that only grew from one that was rewritten.
    """

    offset: int = 0
    tail: bytes = b""


@dataclass(frozen=True)
class Portion:
    """Result of :func:`read_on`: the new rows, and the position from which to read on.

    ``anew``: the file was rewritten, and what was read before is void. ``more``: there is more to
    read already.
    """

    lines: list[dict[str, Any]]
    place: FilePosition
    anew: bool
    more: bool


# Most lines that are buffered while the disk is full: about a day of a slow training, 20 MB.
_WAITING = 100_000


class MetricsWriter:
    """Appends to the file; lines that can't be written are buffered, and training goes on.

    Args:
        path: ``metrics.jsonl``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem: OSError | None = None
        """The error of the last write; None if it succeeded."""
        self._waiting: deque[dict[str, Any]] = deque(maxlen=_WAITING)
        self._void_after: int | None = None

    def append(self, lines: Iterable[dict[str, Any]]) -> None:
        """Append objects, one per line, after any buffered ones."""
        self._waiting.extend(lines)
        try:
            if self._void_after is not None:
                truncate(self.path, self._void_after)
                self._void_after = None
            append(self.path, self._waiting)
        except OSError as error:
            self.problem = error.with_traceback(None)
        else:
            self.problem = None
            self._waiting.clear()

    def forget_after(self, step: int) -> None:
        """Drop the lines after a step from which training is about to resume, also buffered ones.

        If the write fails, it is retried with the next lines, before they are appended.
        """
        kept = [line for line in self._waiting if line["step"] <= step]
        self._waiting.clear()
        self._void_after = step if self._void_after is None else min(step, self._void_after)
        self.append(kept)


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
        while line := file.readline(_LONGEST_LINE):
            if (value := _parse(line)) is not None:
                yield value


def read_on(path: Path, place: FilePosition, limit: int = _PORTION) -> Portion:
    """Read the lines added since the last call, also while another process writes.

    Only complete lines are read. If the file was truncated or replaced, as when a run is resumed,
    reading starts from the beginning again.

    Args:
        path: the file, which may not exist yet.
        place: where to read on; ``FilePosition()`` is the beginning.
        limit: most bytes to read.
    """
    try:
        file = _opened(path)
    except OSError:
        return Portion([], FilePosition(), place.offset > 0, False)
    with file:
        size = file.seek(0, 2)
        file.seek(max(0, place.offset - len(place.tail)))
        anew = size < place.offset or file.read(len(place.tail)) != place.tail
        start = 0 if anew else place.offset
        file.seek(start)
        content = file.read(limit)
        # A line longer than the limit can't be a valid one: it is skipped.
        whole = content.rfind(b"\n") + 1 or (len(content) if len(content) == limit else 0)
        content = content[:whole]
        kept = b"" if anew else place.tail
    lines = [value for line in content.splitlines() if (value := _parse(line)) is not None]
    end = start + whole
    more = whole > 0 and start + limit < size
    return Portion(lines, FilePosition(end, (kept + content)[-_TAIL:]), anew, more)


def last(path: Path) -> dict[str, Any] | None:
    """Return the last object, or None; only the end of a long file is read."""
    try:
        with _opened(path) as file:
            file.seek(max(0, file.seek(0, 2) - _LAST))
            lines = file.read().splitlines()
    except OSError:
        return None
    return next((value for line in reversed(lines) if (value := _parse(line))), None)


def thinned_losses(path: Path, count: int) -> list[tuple[int, float]]:
    """Return a downsampled loss curve: up to ``count`` points (step, loss), by rising step.

    They are spread evenly over the file; each is the median loss of some lines, with the step in
    their middle. Long files are not read in full. Lines without a finite loss are skipped.
    """
    try:
        with _opened(path) as file:
            size = file.seek(0, 2)
            file.seek(0)
            if size <= count * _GLANCE:
                lines = file.read().splitlines()
                share = max(1, math.ceil(len(lines) / count))
                glances = [lines[first : first + share] for first in range(0, len(lines), share)]
            else:
                glances = [_glance(file, size * place // count) for place in range(count)]
    except OSError:
        return []
    points = [point for lines in glances if (point := _median_loss(lines)) is not None]
    return sorted(dict(points).items())


def _glance(file: BinaryIO, start: int) -> list[bytes]:
    """Return the lines at a byte offset: complete ones, and a last one that may be cut off."""
    file.seek(start)
    if start:
        file.readline(_LONGEST_LINE)
    return file.read(_GLANCE).splitlines()


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
    kept = [line for line in read(path) if line["step"] <= step]
    atomic.write_bytes(path, _text(kept))


def _opened(path: Path) -> BinaryIO:
    """Open a regular file only: opening a pipe blocks until its other end opens."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "Not a plain file", str(path))
    return path.open("rb")


def _text(lines: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode()


def _parse(line: bytes) -> dict[str, Any] | None:
    """Parse a line; None if it is cut off or invalid."""
    try:
        value = parse_object(line, _LONGEST_LINE)
    except ValueError:
        return None
    step = value.get("step")
    ours = (
        type(step) is int
        and 0 <= step < _MOST_STEPS
        and all(_is_figure(key, v) for key, v in value.items())
    )
    return value if ours else None


def _is_figure(key: str, value: object) -> bool:
    """Whether a value is valid for its key: a bounded number or None, a list of them, or a text.

    Only the keys in ``_LISTS`` have lists, and the keys in :data:`COLUMNS` never have texts.
    """
    if key in _LISTS:
        return isinstance(value, list) and all(item is None or _is_number(item) for item in value)
    return value is None or _is_number(value) or (key not in _NUMBERS and isinstance(value, str))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) < _BOUND
