"""Fuzz the file readers: ``python -m tests.hostile.fuzz [--seconds N] [--out FILE] [READER …]``.

Each reader runs in a process of its own, which is fed mutated files for that many seconds of its
processor time; a finding is any outcome but a plain refusal, kept with the file that caused it.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import filelock

from ddpm_studio.errors import Failure, StudioError
from tests import machine
from tests.hostile.targets import TARGETS, inputs
from tests.hostile.watch import MAX_BYTES, MAX_SECONDS
from tests.hostile.worker import forget_peak, peak_bytes

_STALLED_AFTER = 120.0
_TOLD_EVERY = 2.0
_MOST_FINDINGS = 20
_LOOKED_AT_EVERY = 64


@dataclass
class Fuzzed:
    """Results of fuzzing one reader; ``findings`` describe failures and name the saved inputs."""

    reader: str
    executions: int = 0
    seconds: float = 0.0
    refused: int = 0
    findings: list[str] = field(default_factory=list)


def fuzz(name: str, seconds: float, seed: int, found: Path) -> Fuzzed:
    """Fuzz one reader for ``seconds`` of processor time; save inputs of findings in ``found``."""
    total = Fuzzed(name)
    found.mkdir(parents=True, exist_ok=True)
    while total.seconds < seconds and len(total.findings) < _MOST_FINDINGS:
        with tempfile.TemporaryDirectory() as place:
            current = Path(place) / "current"
            words = [name, str(seconds - total.seconds), str(seed), place, str(found)]
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.hostile.fuzz", "--child", *words],
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "QT_QPA_PLATFORM": "offscreen"},
            )
            assert process.stdout is not None
            told = Fuzzed(name)
            while select.select([process.stdout], [], [], _STALLED_AFTER)[0]:
                line = process.stdout.readline()
                if not line:
                    break
                told = Fuzzed(**json.loads(line))
            process.kill()
            ended = process.wait()
            total.executions += told.executions
            total.seconds += told.seconds
            total.refused += told.refused
            total.findings += told.findings
            if not told.executions:
                total.findings.append(f"ended before its first input (exit {ended})")
                return total
            # Killed from here only if it had stalled; a regular end leaves no current file behind.
            if current.exists():
                kept = found / f"{name}-died-{seed}-{total.executions}"
                kept.write_bytes(current.read_bytes())
                total.findings.append(f"died or stalled (exit {ended}): {kept.name}")
        seed += 1
    return total


def _child(name: str, seconds: float, seed: int, place: Path, found: Path) -> None:
    warnings.simplefilter("ignore")
    import torch

    torch.set_num_threads(1)
    folder = place / "files"
    folder.mkdir()
    target, give = TARGETS[name], inputs(name, seed)
    result = Fuzzed(name)
    told_at = time.monotonic()
    begun = time.process_time()
    while result.seconds < seconds and len(result.findings) < _MOST_FINDINGS:
        content = give()
        (place / "current").write_bytes(content)
        before = time.process_time()
        problem = None
        try:
            target.read(folder, content)
        except StudioError as error:
            result.refused += 1
            line = Failure.of(error).line
            if not line.isprintable() or len(line) > 1200 or not error.cause:
                problem = f"no clear line: {line[:200]!r}"
        except BaseException:
            problem = " | ".join(traceback.format_exc().splitlines()[-3:])
        now = time.process_time()
        if now - before > MAX_SECONDS:
            problem = f"{now - before:.1f} s"
        if result.executions % _LOOKED_AT_EVERY == 0:
            if peak_bytes() > MAX_BYTES:
                problem = f"{peak_bytes() >> 20} MiB"
            forget_peak()
        result.executions += 1
        result.seconds = now - begun
        if problem is not None:
            kept = found / f"{name}-{seed}-{result.executions}"
            kept.write_bytes(content)
            result.findings.append(f"{problem}: {kept.name}")
        if problem is not None or time.monotonic() - told_at > _TOLD_EVERY:
            told_at = time.monotonic()
            print(json.dumps(asdict(result)), flush=True)
    print(json.dumps(asdict(result)), flush=True)
    (place / "current").unlink()


def main() -> int:
    """Run the command; return exit code 0 if nothing was found."""
    if sys.argv[1:2] == ["--child"]:
        name, seconds, seed, place, found = sys.argv[2:]
        _child(name, float(seconds), int(seed), Path(place), Path(found))
        return 0
    parser = argparse.ArgumentParser(prog="python -m tests.hostile.fuzz", description=__doc__)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"of {', '.join(TARGETS)}")
    parser.add_argument("--seconds", type=float, default=600.0, help="processor time for each")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--found", type=Path, default=Path(tempfile.gettempdir()) / "fuzz-found")
    parser.add_argument("--out", type=Path, help="write the figures as JSON; others there stay")
    asked = parser.parse_args()
    clean = True
    for name in asked.readers or TARGETS:
        result = fuzz(name, asked.seconds, asked.seed, asked.found)
        clean = clean and not result.findings
        print(json.dumps(asdict(result)), flush=True)
        if asked.out:
            _record(asked.out, result)
    return 0 if clean else 1


def _record(out: Path, result: Fuzzed) -> None:
    """Update one reader's results in the JSON file, under a lock, for other processes write too."""
    with filelock.FileLock(out.with_suffix(".lock")):
        report = json.loads(out.read_text()) if out.exists() else {}
        told = {"machine": machine.name(), "date": datetime.now(UTC).isoformat(timespec="seconds")}
        report[result.reader] = asdict(result) | told
        out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
