"""Running a sampler to its end."""

from __future__ import annotations

from torch import Tensor

from ddpm_studio.engine.generators import finish as run_to_end
from ddpm_studio.engine.samplers import Frame, Frames


def finish(frames: Frames) -> tuple[Tensor, list[Frame]]:
    """Run a sampler to its end: return x_0 and all frames that it yielded."""
    seen: list[Frame] = []
    x_0 = run_to_end(frames, seen.append)
    return x_0, seen
