"""A disk fills up repeatedly during a training, and nothing is lost or damaged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from tests.endurance.outcome import Outcome

_ROUNDS = 20
_MOUNT = "mount -t tmpfs -o size=1m tmpfs /tmp"


def endure(scale: float = 1.0) -> Outcome:
    """Fill a small disk repeatedly during a training, in a mount namespace of its own."""
    words = unshared()
    if words is None:
        return Outcome(False, {"not done": "this system lets no program mount a disk of its own"})
    words += [sys.executable, "-m", "tests.endurance.filling", str(max(2, round(_ROUNDS * scale)))]
    with tempfile.TemporaryDirectory() as folder:
        finished = subprocess.run([*words, folder], stdout=subprocess.PIPE, check=True)
    figures: dict[str, Any] = json.loads(finished.stdout.splitlines()[-1])
    rounds = figures["rounds"]
    held = (
        not figures["faults"]
        and figures["warned"] == figures["went on"] == figures["saved again"] == rounds
        and figures["equal to an undisturbed run"]
    )
    return Outcome(held, figures)


def unshared() -> list[str] | None:
    """Return the command prefix that lets a program mount a disk privately, or None if none can."""
    words = ["unshare", "--mount"]
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        words.append("--map-root-user")
    try:
        tried = subprocess.run([*words, "sh", "-c", _MOUNT], capture_output=True)
    except OSError:
        return None
    return None if tried.returncode else words
