"""Measure claims about trained models: ``python -m tests.measurements``.

``inversion RUN`` needs any trained run; ``gradient RUN`` one with a learned variance;
``bound SIMPLE HYBRID`` two of the same steps. Each prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tests.measurements.bound import bound
from tests.measurements.gradient import gradient
from tests.measurements.inversion import inversion


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.measurements", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, runs in (("inversion", 1), ("gradient", 1), ("bound", 2)):
        commands.add_parser(name).add_argument("runs", type=Path, nargs=runs)
    asked = parser.parse_args()
    if asked.command == "bound":
        told = bound(*asked.runs)
    else:
        told = {"inversion": inversion, "gradient": gradient}[asked.command](*asked.runs)
    print(json.dumps(told, indent=1))


main()
