"""Random pictures from the open data set, else from the run's training data."""

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
    """Call ``take`` with ``count`` random pictures and their classes, or ``failed``.

    There are fewer if the data have fewer. ``take`` is called at once for the open data set, else
    later, when the backend has read the run's data, unless another run is open by then; without
    data set and run nothing is called.
    """
    dataset, run = studio.dataset, studio.run
    if dataset is not None:
        take(_chosen(dataset.images, dataset.class_of, count))
    elif run is not None:

        def on_found(found: tuple[Pictures, Sequence[str | None]]) -> None:
            pictures, classes = found
            if studio.run == run:
                take(_chosen(pictures, classes.__getitem__, count))

        job = studio.backend.submit(specs.data.some_pictures(run, _CHOICE, "interpolate surprise"))
        job.on_finished(on_found)
        job.on_failed(failed)


def _chosen(
    pictures: Pictures, class_of: Callable[[int], str | None], count: int
) -> list[PictureDrop]:
    """Return copies of ``count`` distinct random pictures out of (N, H, W, C), or of all N."""
    numbers = random.sample(range(len(pictures)), min(count, len(pictures)))
    return [PictureDrop(pictures[number].copy(), of_set(class_of(number))) for number in numbers]
