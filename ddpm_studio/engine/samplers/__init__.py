"""Samplers: functions of (process, model, x_t, noise) that yield Frames and return x_0."""

from ddpm_studio.engine.samplers.ancestral import ancestral
from ddpm_studio.engine.samplers.ddim import ddim
from ddpm_studio.engine.samplers.frame import Frame, Frames

__all__ = ["Frame", "Frames", "ancestral", "ddim"]
