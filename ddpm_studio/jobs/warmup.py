"""Load what takes long to load, before somebody waits for it."""

from __future__ import annotations

import torch

from ddpm_studio.jobs.device import choose_device, choose_precision, describe
from ddpm_studio.jobs.models import ModelStore


def warm_up() -> tuple[ModelStore, str]:
    """Import torch and its lazily loaded parts.

    Returns:
        A store, and device and precision in words, such as "CPU float32".
    """
    weight = torch.nn.Parameter(torch.zeros(1))
    # The first optimiser imports torch._dynamo, a hitch of a second.
    torch.optim.Adam([weight])
    device = choose_device("auto")
    return ModelStore(), f"{describe(device)} {choose_precision('auto', device)}"
