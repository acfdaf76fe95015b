"""A variance of the reverse process, as its logarithm."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine import NoiseSchedule
from ddpm_studio.engine.levels import Coefficient, Index
from ddpm_studio.engine.variances import fixed_large, fixed_small


def middle(schedule: NoiseSchedule, index: Index, v: Tensor | None, like: Tensor) -> Coefficient:
    """σₜ² = √(βₜ β̃ₜ), halfway between the bounds on a logarithmic scale."""
    both = (one(schedule, index, v, like) for one in (fixed_large, fixed_small))
    return sum(both) / 2
