"""Walking a sampler to its end."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.samplers import Frame, Frames


def finish(frames: Frames) -> tuple[Tensor, list[Frame]]:
    """Return what a sampler returns, and all that it yields."""
    seen = []
    while True:
        try:
            seen.append(next(frames))
        except StopIteration as stop:
            return stop.value, seen
