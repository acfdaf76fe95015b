"""Random pictures, from the open data, else from those that the model learnt."""

from __future__ import annotations

import random
from collections.abc import Callable

from ddpm_studio.backend import specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.workspace.studio import Studio

_CHOICE = 48


def offer_some(
    studio: Studio,
    take: Callable[[Pictures], object],
    failed: Callable[[Failure], object],
) -> None:
    """Call ``take`` with pictures (N, H, W, C) to choose from, now or later; or ``failed``."""
    if studio.dataset is not None:
        take(studio.dataset.images)
    elif studio.run is not None:
        job = studio.backend.submit(
            specs.data.some_pictures(studio.run, _CHOICE, "interpolate surprise")
        )
        job.on_finished(take)
        job.on_failed(failed)


def chosen(pictures: Pictures, count: int) -> list[Pictures]:
    """Return so many different ones of (N, H, W, C), fewer if there are fewer; copies."""
    numbers = random.sample(range(len(pictures)), min(count, len(pictures)))
    return [pictures[number].copy() for number in numbers]
