"""20 trainings on two ranks lose one: all processes end, and resuming gives identical bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.endurance.outcome import Outcome

_TRIALS = 20
_MOST_SECONDS = 30.0


def endure(scale: float = 1.0) -> Outcome:
    """Kill a random rank of ``scale`` × 20 trainings at a random moment."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.endurance.rank_killing"]
        words += [str(max(1, round(_TRIALS * scale))), folder]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    held = (
        not figures["faults"]
        and figures["equal"] == figures["trials"]
        and figures["rank_0"] + figures["one_clear_line"] == figures["trials"]
        and figures["most_steps_lost"] <= figures["steps_between_checkpoints"]
        and figures["most_seconds_to_the_end"] < _MOST_SECONDS
    )
    return Outcome(held, figures)
