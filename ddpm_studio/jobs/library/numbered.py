"""Pictures of a data set by number: ``photos/#17``, ``sample:emoji#3``, ``runs/first#902``."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.data.samples import resolve_data_path
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture
from ddpm_studio.jobs.drawing.pictures import load_file, options_for_levels
from ddpm_studio.jobs.events import Event, Notice, Pictures
from ddpm_studio.jobs.library.training_pictures import (
    prepare_evaluation_pictures,
    prepare_given_pictures,
)
from ddpm_studio.paths import is_file, path_exists
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.ready import resolve_run

_NUMBERED = re.compile(r"(.+)#(\d{1,12})", re.DOTALL)


def picture_name(location: str | Path, number: int) -> str:
    """Return the name of a numbered picture, as :func:`load_picture` reads it."""
    return f"{location}#{number}"


def load_picture(path: Path, run: Path, *, flat: bool = False) -> Pictures:
    """Read a picture like :func:`load_labelled_picture`, without its class; uint8 (H, W, C)."""
    return load_labelled_picture(path, run, flat=flat).picture


def load_labelled_picture(path: Path, run: Path, *, flat: bool = False) -> LabelledPicture:
    """Read a picture and prepare it like a run's training pictures.

    Args:
        path: a file; a folder or archive, for its first picture; or ``SET#N``, for picture N, from
            0, of a data set, or of those that a run was trained on. The numbers are those of
            :class:`~ddpm_studio.jobs.events.NeighboursFound`.
        run: the run whose preparation is used.
        flat: in gray or RGB, whatever the model's channels.

    Returns:
        The picture in the model's size, with its class if known, and what is to be told of it.

    Raises:
        StudioError: if there is no picture, none of that number, or it is no run.
    """
    match = _NUMBERED.fullmatch(str(path))
    if match is None or path_exists(path):
        return load_file(path, run, flat=flat)
    location, number = resolve_run(match[1]), int(match[2])
    is_run = is_file(location / "run.json")
    info = RunFolder.open(run).info
    job: Generator[Event, None, Dataset]
    if is_run:
        job = prepare_evaluation_pictures(
            RunFolder.open(location).info, "Name a picture of your own."
        )
    elif flat:
        job = data.prepare([resolve_data_path(match[1])], options_for_levels(info, flat=True))
    else:
        job = prepare_given_pictures(info, [resolve_data_path(match[1])])
    notices: list[str] = []
    dataset = finish(
        job, lambda event: notices.append(event.text) if isinstance(event, Notice) else None
    )
    if number >= len(dataset):
        raise StudioError(
            f"There is no picture {number:,} in {match[1]}.",
            f"Its pictures are numbered 0 to {len(dataset) - 1:,}.",
        )
    picture: Pictures = dataset.images[number]
    if is_run and (flat or location.resolve() != run.resolve()):
        picture = data.fit_picture(picture, options_for_levels(info, flat=flat))
    return LabelledPicture(picture, dataset.class_of(number), " ".join(notices))
