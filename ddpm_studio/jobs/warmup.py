"""Warm-up: slow imports and probes done before somebody waits for them."""

from __future__ import annotations

import torch

from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.machine.device import choose_device, choose_precision, describe


def load() -> tuple[ModelStore, str]:
    """Load the modules needed to open a model and draw with it.

    Returns:
        A new model store, and device and precision in words, such as "CPU float32".
    """
    device = choose_device("auto")
    return ModelStore(), f"{describe(device)} {choose_precision('auto', device)}"


def load_for_training() -> None:
    """Load what training also needs: the first optimiser imports torch._dynamo, for a second."""
    torch.optim.Adam([torch.nn.Parameter(torch.zeros(1))])
