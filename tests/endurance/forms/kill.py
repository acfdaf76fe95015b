"""100 trainings are killed at random moments: each resumes and ends with identical bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.endurance.outcome import Outcome

_TRIALS = 100


def endure(scale: float = 1.0) -> Outcome:
    """Kill ``scale`` × 100 terminal trainings, some of them again after they were resumed."""
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "tests.endurance.killing"]
        words += [str(max(3, round(_TRIALS * scale))), folder]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        finished = subprocess.run(words, env=environment, stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    held = (
        not figures["faults"]
        and figures["equal"] == figures["resumed"] == figures["trials"]
        and figures["most_steps_lost"] <= figures["steps_between_checkpoints"]
        and not figures["left_over"]
    )
    return Outcome(held, figures)
