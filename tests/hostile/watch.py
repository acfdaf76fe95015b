"""Feeds malformed inputs to readers in worker processes, and judges each outcome."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.hostile.cases import Case, Expect

MAX_SECONDS = 5.0
MAX_BYTES = 1 << 30
#: A busy machine may need this many seconds for five seconds of work.
_PATIENCE = 60.0
_LONGEST_LINE = 1200


@dataclass(frozen=True)
class Verdict:
    """Outcome of one input: ``faults`` is empty if all is well."""

    case: str
    reader: str
    faults: tuple[str, ...]
    line: str
    seconds: float
    peak: int


class Worker:
    """A worker process that reads files, restarted whenever it has died."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._process: subprocess.Popen[str] | None = None

    def read(self, reader: str, path: Path) -> dict[str, object] | None:
        """Return the worker's answer, or None if the process died or timed out."""
        process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"reader": reader, "path": str(path)}) + "\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], _PATIENCE)
        line = process.stdout.readline() if ready else ""
        if line:
            answer: dict[str, object] = json.loads(line)
            return answer
        self.stop()
        return None

    def stop(self) -> None:
        """Kill the worker process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.hostile.worker", str(self._root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"},
        )
        return self._process


def judge(case: str, reader: str, expect: Expect, answer: dict[str, object] | None) -> Verdict:
    """Compare an answer with the expected outcome and the limits of time and memory."""
    if answer is None:
        return Verdict(case, reader, ("the process died, or came to no end",), "", 0.0, 0)
    code, out, err = answer["code"], answer["out"], answer["err"]
    assert isinstance(code, int)
    assert isinstance(out, list)
    assert isinstance(err, list)
    seconds, peak = float(str(answer["seconds"])), int(str(answer["peak"]))
    errors = [line for line in err if line.startswith("error:")]
    faults = []
    if any("Traceback" in line for line in [*out, *err]) or code == -1:
        faults.append("a traceback: " + " | ".join(err[-3:]))
    if any("Unexpected" in line for line in errors):
        faults.append("unforeseen: " + errors[0][:300])
    if len(errors) != (code != 0):
        faults.append(f"{len(errors)} lines of error for exit code {code}")
    faults += [f"a line of {len(line)} signs" for line in errors if len(line) > _LONGEST_LINE]
    said = "".join([*out, *err])
    if not said.isprintable():
        faults.append("signs that are no text")
    if seconds > MAX_SECONDS:
        faults.append(f"{seconds:.1f} s")
    if peak > MAX_BYTES:
        faults.append(f"{peak >> 20} MiB")
    refused, left_out = code != 0, any("eft out" in line or "not picture" in line for line in out)
    if (expect, refused) in (("refused", False), ("harmless", True), ("left out", True)):
        faults.append(f"{expect} was expected, exit code {code}")
    if expect == "left out" and not left_out:
        faults.append("nobody says what was left out")
    return Verdict(case, reader, tuple(faults), errors[0] if errors else "", seconds, peak)


@contextmanager
def worker(root: Path) -> Iterator[Worker]:
    """Context manager of a worker that ends with the block."""
    made = Worker(root / "worker")
    try:
        yield made
    finally:
        made.stop()


def feed(cases: Iterable[Case], root: Path | None = None) -> Iterator[Verdict]:
    """Make each case, have it read, and yield the verdict."""
    with tempfile.TemporaryDirectory(dir=root) as place, worker(Path(place)) as reading:
        for number, case in enumerate(cases):
            folder = Path(place) / f"case{number}"
            folder.mkdir()
            path = case.make(folder)
            yield judge(case.name, case.reader, case.expect, reading.read(case.reader, path))
            _remove(folder)


def _remove(folder: Path) -> None:
    # shutil.rmtree exceeds the recursion limit in a folder two thousand deep.
    subprocess.run(["rm", "-rf", str(folder)], check=True)
