"""Fake run views: runs as the window sees them, without a folder on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ddpm_studio.backend.specs.runs import RunView
from ddpm_studio.jobs import RunSummary
from ddpm_studio.requests import PrepareOptions, TrainRequest

STUDENT = {"teacher": "/runs/teacher", "sampler": "consistency", "sampler_steps": 2}


def view_of(run: Path, **changes: Any) -> RunView:
    """Return the view of a run of 16-px RGB pictures with T = 20, trained for 60 steps."""
    told: dict[str, Any] = {
        "path": run,
        "name": run.name,
        "step": 60,
        "steps": 60,
        "network": "unet",
        "parameters": 1000,
        "height": 16,
        "width": 16,
        "channels": 3,
        "timesteps": 20,
        "schedule": "linear",
        "preset": "tiny",
        "last_loss": 0.1,
        "checkpoints": (60,),
        "sources": ("/pictures",),
        "pictures": 10,
        "classes": (),
        "known_classes": (),
        "needs_class": False,
        "guidable": True,
        "guidance": None,
        "created": "2026-01-01T00:00:00+00:00",
        "plugins": {},
        "missing": {},
        "teacher": None,
        "sampler": None,
        "sampler_steps": None,
        **changes,
    }
    bars = np.linspace(0.99, 0.01, 20)
    return RunView(
        RunSummary(**told), TrainRequest(), (Path("/pictures"),), PrepareOptions(), bars, False
    )
