"""Run endurance tests one after another, print their results, and write them as JSON."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import torch

from tests import machine
from tests.endurance import forms
from tests.endurance.outcome import Outcome


def names() -> list[str]:
    """Return the names of the endurance tests."""
    return sorted(module.name for module in pkgutil.iter_modules(forms.__path__))


def run(name: str, scale: float) -> dict[str, object]:
    """Run one endurance test and return its results."""
    module = importlib.import_module(f"{forms.__name__}.{name}")
    begun = time.monotonic()
    outcome: Outcome = module.endure(scale)
    return {
        "name": name,
        "shows": (module.__doc__ or "").partition("\n")[0],
        "scale": scale,
        "passed": outcome.passed,
        "seconds": round(time.monotonic() - begun, 1),
        "figures": outcome.figures,
    }


def main() -> int:
    """Run the command; return exit code 0 if all tests passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.endurance", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the full length")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the figures as JSON")
    asked = parser.parse_args()
    unknown = sorted(set(asked.names) - set(names()))
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join(names())}")
    results = []
    for name in asked.names or names():
        result = run(name, asked.scale)
        results.append(result)
        print(json.dumps(result, indent=1), flush=True)
    if asked.out:
        report = {
            "machine": machine.name(),
            "cores": machine.cores(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "results": results,
        }
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0 if all(result["passed"] for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
