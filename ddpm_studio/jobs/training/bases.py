"""Base models for fine-tuning: trained networks that a training can start from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.training.adapting import Adaptation, config_for_shape
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.classes import known_classes
from ddpm_studio.runs.ready import ready_runs


@dataclass(frozen=True)
class BaseRun:
    """A base model: a run whose network can be adapted to a data set.

    Args:
        run: folder of the run.
        title: title of the run.
        preset: preset of its network.
        description: sentence on what would be kept, and what new.
    """

    run: Path
    title: str
    preset: str
    description: str


def find_bases(
    shape: PictureShape, classes: tuple[str, ...], runs: Sequence[Path] = ()
) -> list[BaseRun]:
    """Return the ready models, and those of some runs, that a training can start from.

    Students are left out, as they have learned nothing but to draw in few steps; and so are models
    whose network is no preset's, such as imported ones.

    Args:
        shape: shape of the pictures.
        classes: names of their classes; empty if they have none.
        runs: further run folders to consider.

    Returns:
        The base models, most similar first: by channels, then by size.
    """
    found: list[tuple[float, float, BaseRun]] = []
    for run in dict.fromkeys(path.resolve() for path in (*runs, *ready_runs())):
        try:
            folder = RunFolder.open(run)
            info = folder.info
            config = (
                None if info.student or not folder.checkpoints() else config_for_shape(info, shape)
            )
        except (StudioError, ValueError):
            continue  # Not requested by name, so it is no error.
        # A time can be planned for with networks of presets alone.
        if config is None or info.preset is None:
            continue
        base_config = info.network_config()
        config = config.with_fields(
            num_classes=len(classes) or None if known_classes(info) else None
        )
        adaptation = Adaptation(info, run, config, classes)
        base = BaseRun(run, adaptation.title, info.preset, str(adaptation))
        size_ratio = math.log(
            (shape.height * shape.width) / (base_config.height * base_config.width)
        )
        found.append((abs(shape.channels - base_config.channels), abs(size_ratio), base))
    return [base for *_, base in sorted(found, key=lambda entry: entry[:2])]
