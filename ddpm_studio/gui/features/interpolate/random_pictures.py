"""Random pictures from the open data set, else from the run's training data."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from ddpm_studio.backend import specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.platform.images import PictureDrop, Pictures
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.picture_classes import data_set_recipe

_RANDOM_COUNT = 48


def request_random_pictures(
    studio: Studio,
    count: int,
    on_pictures: Callable[[list[PictureDrop]], object],
    on_failed: Callable[[Failure], object],
) -> None:
    """Call ``on_pictures`` with ``count`` random pictures and their classes, or ``on_failed``.

    There are fewer if the data have fewer. ``on_pictures`` is called at once for the open data set,
    else later, when the backend has read the run's data, unless another run is open by then;
    without data set and run nothing is called.
    """
    dataset, run = studio.dataset, studio.run
    if dataset is not None:
        on_pictures(_random_drops(dataset.images, dataset.class_of, count))
    elif run is not None:

        def on_found(found: tuple[Pictures, Sequence[str | None]]) -> None:
            pictures, classes = found
            if studio.run == run:
                on_pictures(_random_drops(pictures, classes.__getitem__, count))

        job = studio.backend.submit(
            specs.data.example_pictures(run, _RANDOM_COUNT, "interpolate surprise")
        )
        job.on_finished(on_found)
        job.on_failed(on_failed)


def _random_drops(
    pictures: Pictures, class_of: Callable[[int], str | None], count: int
) -> list[PictureDrop]:
    """Return copies of ``count`` distinct random pictures out of (N, H, W, C), or of all N."""
    numbers = random.sample(range(len(pictures)), min(count, len(pictures)))
    return [
        PictureDrop(pictures[number].copy(), data_set_recipe(class_of(number)))
        for number in numbers
    ]
