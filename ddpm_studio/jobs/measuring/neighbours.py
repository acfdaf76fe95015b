"""Nearest neighbours of a picture in the training set, to detect memorisation."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from ddpm_studio.data import Dataset
from ddpm_studio.engine.generators import map_events
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, NeighboursFound, Pictures, Progress
from ddpm_studio.jobs.library.training_pictures import prepare_training_pictures, training_sources
from ddpm_studio.jobs.measuring.measuring import held_out_share
from ddpm_studio.metrics import NearestNeighbours, nearest
from ddpm_studio.metrics.held_out import MAX_HELD_OUT, content_hashes, held_out
from ddpm_studio.metrics.real_split import Rows
from ddpm_studio.requests import NeighboursRequest
from ddpm_studio.runs import RunFolder


def find_neighbours(
    request: NeighboursRequest, picture: Pictures
) -> Generator[Event, None, NeighboursFound]:
    """Find the nearest training pictures of a run.

    If the run mirrored its pictures at random, the mirrored picture is compared too. Held-out
    pictures are excluded, as they were not trained on.

    Args:
        request: the run, and the number of neighbours.
        picture: uint8 (H, W, C) of the model's size.

    Raises:
        StudioError: if it is no run, its pictures are missing, or the picture does not fit.
    """
    info = RunFolder.open(request.run).info
    sources = training_sources(info, "There is nothing to compare the picture with.")
    dataset = yield from prepare_training_pictures(info, sources)
    if picture.shape != dataset.images.shape[1:]:
        raise StudioError(
            f"The picture has the shape {picture.shape}, the training pictures "
            f"{dataset.images.shape[1:]}.",
            "Prepare it as the training pictures were.",
        )
    flip = info.request is not None and bool(info.request.flip)
    trained_rows = yield from _training_rows(dataset, held_out_share(info, dataset))
    found = yield from _search(dataset, picture, request.count, flip, trained_rows, 0)
    closest = int(found.indices[0])
    # The distance of two training pictures there, as a reference to judge the others by.
    closest_neighbours = yield from _search(
        dataset, dataset.images[closest], 2, flip, trained_rows, 1
    )
    distances = [
        float(distance)
        for index, distance in zip(
            closest_neighbours.indices, closest_neighbours.distances, strict=True
        )
        if index != closest
    ]
    pictures = dataset.images[found.indices]
    oriented = np.where(found.mirrored[:, None, None, None], pictures[:, :, ::-1], pictures)
    return NeighboursFound(
        pictures=oriented,
        numbers=tuple(found.indices.tolist()),
        names=dataset.names(found.indices.tolist()),
        distances=tuple(found.distances.tolist()),
        mirrored=tuple(found.mirrored.tolist()),
        among_themselves=distances[0] if distances else None,
    )


def _training_rows(dataset: Dataset, share: float) -> Generator[Event, None, Rows | None]:
    """Return the rows of pictures that are not held out; None for all."""
    if share == 0:
        return None
    hashes = yield from content_hashes(dataset.images)
    return np.flatnonzero(~held_out(hashes, share, MAX_HELD_OUT))


def _search(
    dataset: Dataset,
    picture: Pictures,
    count: int,
    flip: bool,
    rows: Rows | None,
    passes_done: int,
) -> Generator[Event, None, NearestNeighbours]:
    """Search for neighbours, with progress as one of two passes through the data set."""
    total = len(dataset)
    return map_events(
        nearest(dataset.images, picture, count, flip=flip, among=rows),
        lambda done: Progress(passes_done * total + done, 2 * total, "Comparing", "comparisons"),
    )
