"""Run the benchmarks, print a table, write JSON: ``python -m tests.benchmarks [--out FILE]``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from tests import machine
from tests.benchmarks import startup, throughput


def main() -> None:
    """Measure and report; what a machine can't measure is left out with the reason."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="counted rounds of each pair")
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    options = parser.parse_args()

    results: list[dict[str, object]] = []
    for measure in (throughput.training, throughput.sampling):
        comparison = measure(options.rounds)
        results.append(comparison.to_json())
        print(f"{comparison.name:34} ratio {comparison.ratio:.2f}", flush=True)
    launched = startup.first_paint(options.rounds)
    results.append(launched)
    print(f"{launched['name']:34} {launched['seconds']} s", flush=True)
    if options.out:
        report = {
            "machine": machine.name(),
            "torch": str(torch.__version__),
            "threads": torch.get_num_threads(),
            "results": results,
        }
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
