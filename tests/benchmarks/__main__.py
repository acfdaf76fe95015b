"""Run the benchmarks, print a table, write JSON.

``python -m tests.benchmarks [NAME …] [--rounds N] [--out FILE] [--list]``
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.benchmarks.figures import UnavailableError, table
from tests.benchmarks.launching import bytecode_kept
from tests.benchmarks.registry import MEASURES, load


def main() -> None:
    """Run the command: measure and report; name what this machine cannot measure, and why."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="which measures; all if none")
    parser.add_argument("--rounds", type=int, default=9, help="counted rounds of each pair")
    parser.add_argument("--out", type=Path, help="write the figures as JSON; others there stay")
    parser.add_argument("--list", action="store_true", help="tell the names and stop")
    options = parser.parse_args()
    if options.list:
        for name, title in MEASURES.items():
            print(f"{name:10} {title}")
        return
    unknown = set(options.names) - MEASURES.keys()
    if unknown:
        parser.error(f"no measure {', '.join(sorted(unknown))}; see --list")
    with bytecode_kept():
        for name in options.names or MEASURES:
            _measure(name, options.rounds, options.out)


def _measure(name: str, rounds: int, out: Path | None) -> None:
    try:
        figures = load(name)(rounds)
    except UnavailableError as reason:
        print(f"{name}: not measured: {reason}", flush=True)
        _record(out, name, {"not_measured": str(reason)})
        return
    print(table(figures), flush=True)
    _record(out, name, [figure.to_json() for figure in figures])


def _record(out: Path | None, name: str, told: object) -> None:
    """Update one benchmark's figures in the JSON file; keep the others."""
    if out is None:
        return
    from tests.benchmarks.machine import machine

    report = json.loads(out.read_text()) if out.exists() else {}
    report = machine() | {"measures": report.get("measures", {}) | {name: told}}
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
