"""Variational bound with a learned and a fixed variance, after the same steps of training."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs import ModelStore, measure_bits
from ddpm_studio.jobs.events import BitsMeasured
from ddpm_studio.requests import BitsRequest
from ddpm_studio.runs import RunFolder

_PICTURES, _TIMESTEPS = 32, 200


def bound(simple: Path, hybrid: Path) -> dict[str, object]:
    """Return bits/dim of a run with either fixed variance, and of one that learned its variance."""
    rows = {
        "hybrid, learned range": _measured(hybrid, None),
        "simple, fixed small": _measured(simple, "fixed_small"),
        "simple, fixed large": _measured(simple, "fixed_large"),
    }
    return {
        "training_steps": [RunFolder.open(run).newest().step for run in (simple, hybrid)],
        "pictures": _PICTURES,
        "rows": {
            name: {"bits_per_dim": told.total, "standard_error": told.standard_error}
            for name, told in rows.items()
        },
    }


def _measured(run: Path, variance: Literal["fixed_large", "fixed_small"] | None) -> BitsMeasured:
    request = BitsRequest(
        run=run, count=_PICTURES, timesteps=_TIMESTEPS, variance=variance, device="cpu"
    )
    return finish(measure_bits(request, [], ModelStore()))
