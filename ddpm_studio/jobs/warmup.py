"""Load what takes long to load, before somebody waits for it."""

from __future__ import annotations

import torch

from ddpm_studio.jobs.device import choose_device, describe
from ddpm_studio.jobs.models import ModelStore


def warm_up() -> tuple[ModelStore, str]:
    """Import torch and its lazily loaded parts; returns a store and the device's name."""
    weight = torch.nn.Parameter(torch.zeros(1))
    # The first optimiser imports torch._dynamo, a hitch of a second.
    torch.optim.Adam([weight])
    return ModelStore(), describe(choose_device("auto"))
