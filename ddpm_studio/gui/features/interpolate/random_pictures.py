"""Random pictures, from the open data, else from those that the model learnt."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from ddpm_studio.backend import specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.platform.images import PictureDrop, Pictures
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import of_set

_CHOICE = 48


def offer_some(
    studio: Studio,
    count: int,
    take: Callable[[list[PictureDrop]], object],
    failed: Callable[[Failure], object],
) -> None:
    """Call ``take`` with so many pictures, or fewer if there are fewer, else ``failed``.

    They carry their classes. It may be called now or later.
    """
    dataset = studio.dataset
    if dataset is not None:
        take(_chosen(dataset.images, dataset.class_of, count))
    elif studio.run is not None:

        def on_found(found: tuple[Pictures, Sequence[str | None]]) -> None:
            pictures, classes = found
            take(_chosen(pictures, classes.__getitem__, count))

        job = studio.backend.submit(
            specs.data.some_pictures(studio.run, _CHOICE, "interpolate surprise")
        )
        job.on_finished(on_found)
        job.on_failed(failed)


def _chosen(
    pictures: Pictures, class_of: Callable[[int], str | None], count: int
) -> list[PictureDrop]:
    """Return so many different ones of (N, H, W, C), fewer if there are fewer; copies."""
    numbers = random.sample(range(len(pictures)), min(count, len(pictures)))
    return [PictureDrop(pictures[number].copy(), of_set(class_of(number))) for number in numbers]
