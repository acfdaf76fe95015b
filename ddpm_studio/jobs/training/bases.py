"""Base models for fine-tuning: trained networks that a training can begin with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.training.adapting import Adaptation, for_shape
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.ready import ready_runs


@dataclass(frozen=True)
class Base:
    """A run whose network can follow some pictures.

    Args:
        run: its folder.
        title: what it is called.
        preset: its network.
        told: what of it would be kept, and what new.
    """

    run: Path
    title: str
    preset: str
    told: str


def find_bases(
    shape: PictureShape, classes: tuple[str, ...], runs: Sequence[Path] = ()
) -> list[Base]:
    """Return the ready models, and those of some runs, that can begin a training.

    Students are none: they have learnt to draw in few steps, and nothing else.

    Args:
        shape: of the pictures.
        classes: what their classes are called; empty: they have none.
        runs: where to look besides.

    Returns:
        Those that are the most alike first: by their channels, then by their size.
    """
    found: list[tuple[float, float, Base]] = []
    for run in dict.fromkeys(path.resolve() for path in (*runs, *ready_runs())):
        try:
            folder = RunFolder.open(run)
            info = folder.info
            config = None if info.student or not folder.checkpoints() else for_shape(info, shape)
        except (StudioError, ValueError):
            continue  # Nobody has asked for this one.
        if config is None or info.request is None:
            continue
        own = info.network_config()
        config = config.with_(num_classes=len(classes) or None if known_classes(info) else None)
        adaptation = Adaptation(info, run, config, classes)
        base = Base(run, adaptation.title, info.request.preset, str(adaptation))
        sides = math.log((shape.height * shape.width) / (own.height * own.width))
        found.append((abs(shape.channels - own.channels), abs(sides), base))
    return [base for *_, base in sorted(found, key=lambda one: one[:2])]
