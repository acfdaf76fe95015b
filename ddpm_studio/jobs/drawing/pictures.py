"""Input pictures, read from files or memory and prepared for a model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio import data
from ddpm_studio.data.fitting import resolve_options
from ddpm_studio.data.ranges import unexpected_ranges
from ddpm_studio.data.values import BYTES
from ddpm_studio.engine.pixels import to_model
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.drawing import picture_shape
from ddpm_studio.jobs.drawing.models import Model
from ddpm_studio.jobs.drawing.picture_classes import (
    LabelledPicture,
    class_of_file,
    recipe_of_file,
)
from ddpm_studio.jobs.events import Notice, Pictures
from ddpm_studio.picture_shape import PictureShape, format_ranges, parse_ranges
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.classes import known_classes


def prepare_options(info: RunInfo) -> PrepareOptions:
    """Return how to prepare pictures for a run: as its training pictures were, if known."""
    options = info.data.options if info.data else PrepareOptions()
    return resolve_options(options, info.picture_shape, bands=options.channels == "bands")


def options_for_levels(info: RunInfo, *, flat: bool = False) -> PrepareOptions:
    """Return how to prepare pictures of levels 0..255 for a run: masks, drawings and arrays.

    Args:
        info: the run.
        flat: in gray or RGB, whatever the model's channels.
    """
    options = prepare_options(info).without_reading()
    if not flat:
        return options
    channels = "gray" if options.channels in ("gray", "gray+alpha") else "rgb"
    return options.model_copy(update={"channels": channels})


def options_for_files(info: RunInfo, paths: Sequence[Path]) -> PrepareOptions:
    """Return how to prepare pictures at these paths for a run: as its own, unless drawn here.

    Pictures of bytes are levels 0..255 if the run was trained on pictures of other dtypes by a
    range that was asked for. The values of others are read as by :func:`options_like_training`.
    """
    if all(recipe_of_file(path) is not None for path in paths):
        return options_for_levels(info)
    options = options_like_training(info)
    if info.newest_data is None or info.newest_data.ranges is None or "" not in options.ranges:
        return options
    asked = options.ranges
    if "uint8" not in parse_ranges(info.newest_data.ranges):
        asked.setdefault("uint8", BYTES)
    return options.model_copy(update={"range": format_ranges(asked, options.expected_ranges)})


def options_like_training(info: RunInfo) -> PrepareOptions:
    """Return how to prepare pictures for a run with values as in its training.

    Those of a dtype become black and white where the training pictures' did, whatever their own
    minimum and maximum are, if they fit in that range; else :func:`range_notices` tells.
    """
    options = prepare_options(info)
    if info.newest_data is None or info.newest_data.ranges is None:
        return options
    recorded = parse_ranges(info.newest_data.ranges)
    expected = {name: range_ for name, range_ in recorded.items() if not options.range_of(name)}
    return options.expecting(expected)


def range_notices(options: PrepareOptions, ranges: str) -> Iterator[Notice]:
    """Yield a notice for each dtype whose values do not fit in the range that was expected.

    Args:
        options: how the pictures were prepared.
        ranges: how their values were read, as of :attr:`ddpm_studio.data.Dataset.ranges`.
    """
    for dtype, expected, actual in unexpected_ranges(ranges, options):
        yield Notice(
            f"Values of {dtype} go beyond {expected}, the range of the training pictures: they are "
            f"read as {actual}, so that equal values are not equally bright."
        )


def load_file(path: Path, run: Path, *, flat: bool = False) -> LabelledPicture:
    """Read a picture, or the first of a folder or zip, prepared like the run's training pictures.

    Returns:
        The picture in the model's size, with its class; with ``flat`` in gray or RGB, whatever the
        model's channels, and without class.

    Raises:
        StudioError: if there is no picture, or the run can't be read.
    """
    info = RunFolder.open(run).info
    by_class = not flat and bool(known_classes(info))
    options = options_for_levels(info, flat=True) if flat else options_for_files(info, [path])
    found = data.preview([path], options, 1, classes=by_class)
    picture: Pictures = found.pictures[0]
    class_name = (found.classes[0] or class_of_file(path, info)) if by_class else None
    notices = range_notices(options, found.ranges)
    return LabelledPicture(picture, class_name, " ".join(notice.text for notice in notices))


def fit_picture(picture: Pictures, run: Path, *, flat: bool = False) -> Pictures:
    """Prepare a picture (H, W, C) in memory like the run's training pictures.

    One that has the model's shape already is taken as it is, whatever bands were chosen of those.

    Returns:
        The picture, uint8 (H, W, C), in the model's size; with ``flat`` in gray or RGB,
        whatever the model's channels.

    Raises:
        StudioError: if the run can't be read, or the picture does not have its channels.
    """
    info = RunFolder.open(run).info
    is_prepared = flat or PictureShape.of(picture) == info.picture_shape
    options = options_for_levels(info, flat=flat) if is_prepared else prepare_options(info)
    return data.fit_picture(picture, options)


def has_model_shape(pictures: npt.NDArray[Any], run: Path) -> bool:
    """Whether pictures (N, H, W, C) have the shape of a run's model.

    Raises:
        StudioError: if the run can't be read.
    """
    return PictureShape.of(pictures) == RunFolder.open(run).info.picture_shape


def to_latent(picture: Pictures, model: Model) -> Tensor:
    """Return x_0 on the model's device, shape (1, C, H, W), from uint8 (H, W, C).

    Raises:
        StudioError: if the picture's shape is not the model's.
    """
    channels, height, width = picture_shape(model)
    if picture.shape != (height, width, channels):
        raise StudioError(
            f"The picture has the shape {picture.shape}, the model's are "
            f"{(height, width, channels)}.",
            "Prepare it as the training pictures were.",
        )
    return to_model(torch.from_numpy(picture[None].copy()).to(model.device))
