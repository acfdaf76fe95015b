"""What the long jobs tell their listeners: small frozen values, pictures already uint8.

Pictures are ``uint8`` arrays of shape (N, H, W, C) with C = 1 or 3, on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ddpm_studio.data.progress import Progress as Progress

Pictures = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Notice:
    """Something a person should know while the job goes on."""

    text: str


@dataclass(frozen=True)
class RunStarted:
    """A training run exists on disk and begins at ``step``."""

    run: Path
    step: int
    total: int
    parameters: int
    device: str
    precision: str


@dataclass(frozen=True)
class TrainStep:
    """One optimiser step: loss and gradient norm as measured, learning rate as used."""

    step: int
    loss: float
    grad_norm: float
    lr: float


@dataclass(frozen=True)
class TrainTick:
    """Upkeep figures, about twice a second.

    ``loss_by_t`` is the mean loss in ten equal bins of t since the last tick (NaN: none seen).
    """

    step: int
    total: int
    images_per_second: float
    seconds_left: float
    memory_bytes: int
    loss_by_t: tuple[float, ...]


@dataclass(frozen=True)
class CheckpointSaved:
    """A whole checkpoint is on the disk."""

    step: int
    path: Path


@dataclass(frozen=True)
class SampleGrid:
    """Samples during training from the same noise, drawn with raw and with EMA weights."""

    step: int
    raw: Pictures
    ema: Pictures


@dataclass(frozen=True)
class FrameImages:
    """One moment of a reverse process: x_t, x̂_0 and ε̂ as pictures.

    ``t`` counts as in the paper: T is noise, 0 the finished picture. ε̂ is shown with
    ±3 mapped to the pixel range; x_t and x̂_0 with ±1.
    """

    index: int
    total: int
    t: int
    x_t: Pictures
    x0_hat: Pictures
    eps: Pictures


@dataclass(frozen=True)
class Drawn:
    """Finished pictures, how they were made and, where shared, the latent they came from."""

    pictures: Pictures
    recipe: dict[str, object] = field(default_factory=dict)
    latent: Pictures | None = None


Event = (
    Progress
    | Notice
    | RunStarted
    | TrainStep
    | TrainTick
    | CheckpointSaved
    | SampleGrid
    | FrameImages
    | Drawn
)
