"""Warm-up: load what takes long to load, before somebody waits for it."""

from __future__ import annotations

import torch

from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.machine.device import choose_device, choose_precision, describe


def load() -> tuple[ModelStore, str]:
    """Load what opening a model and drawing with it takes.

    Returns:
        A store, and device and precision in words, such as "CPU float32".
    """
    device = choose_device("auto")
    return ModelStore(), f"{describe(device)} {choose_precision('auto', device)}"


def load_for_training() -> None:
    """Load what a training takes besides: the first optimiser imports torch._dynamo, a second."""
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
