"""Each reader of files is fed changed files for ten minutes of processor time."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict

from tests import machine
from tests.endurance.outcome import Outcome
from tests.hostile.fuzz import FOUND, Fuzzed, fuzz
from tests.hostile.targets import TARGETS

_SECONDS = 600.0


def endure(scale: float) -> Outcome:
    """Fuzz all of them, one on each core; each says on stderr when it is done."""

    def one(name: str) -> Fuzzed:
        result = fuzz(name, _SECONDS * scale, 0, FOUND)
        print(json.dumps(asdict(result)), file=sys.stderr, flush=True)
        return result

    with ThreadPoolExecutor(machine.cores()) as pool:
        results = list(pool.map(one, TARGETS))
    passed = not any(result.findings for result in results)
    return Outcome(passed, {result.reader: asdict(result) for result in results})
