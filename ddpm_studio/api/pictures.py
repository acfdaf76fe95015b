"""Conversion of pictures, masks and latents given in Python: arrays, Pillow images, paths."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from ddpm_studio import jobs
from ddpm_studio.data.decoding.mode_conversion import flatten
from ddpm_studio.data.samples import resolve_data_path
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.inpainting import Mask, mask_of
from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture
from ddpm_studio.jobs.events import Latent, Pictures
from ddpm_studio.picture_shape import MAX_BANDS

AnyPath = str | os.PathLike[str]
Picture = AnyPath | Image.Image | npt.NDArray[np.generic]
"""A file, a Pillow image, or an array (H, W, C) or (H, W), uint8 0..255: gray, gray and
alpha, RGB, RGBA, or up to 64 bands."""
Sources = AnyPath | Sequence[Picture] | npt.NDArray[np.generic]

_NATIVE_MODES = ("L", "LA", "RGB", "RGBA")
_WHITE = (255, 255, 255)


def as_paths(given: AnyPath | Sequence[AnyPath] | None) -> list[Path]:
    """Return one path or several as a list; ``sample:NAME`` is an embedded set.

    Raises:
        StudioError: if there is no embedded set of that name, or the list is empty.
    """
    if given is None:
        return []
    if isinstance(given, str | os.PathLike):
        return [resolve_data_path(given)]
    paths = list(given)
    _reject_empty(paths)
    return [resolve_data_path(path) for path in paths]


def to_picture(given: Picture, run: Path, *, flat: bool = False) -> Pictures:
    """Prepare a picture as :func:`load_labelled_picture`, without its class: uint8 (H, W, C)."""
    return load_labelled_picture(given, run, flat=flat).picture


def load_labelled_picture(given: Picture, run: Path, *, flat: bool = False) -> LabelledPicture:
    """Prepare a picture as the run's data were, along with its class if its file gives one.

    Args:
        given: the picture.
        run: the run folder.
        flat: return gray or RGB, whatever channels the model has, as for masks.

    Raises:
        StudioError: if it is no picture.
    """
    if isinstance(given, str | os.PathLike):
        return jobs.load_labelled_picture(Path(given), run, flat=flat)
    pixels = _pixels(given) if isinstance(given, Image.Image) else np.asarray(given)
    shape = pixels.shape
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or not 1 <= pixels.shape[2] <= MAX_BANDS:
        raise StudioError(
            f"An array of {pixels.dtype} and shape {shape} is no picture.",
            "Pictures are uint8 of shape (H, W, C) or (H, W), 0 to 255.",
        )
    return LabelledPicture(jobs.fit_picture(pixels.astype(np.uint8, copy=False), run, flat=flat))


def to_mask(given: Picture, run: Path) -> Mask:
    """Prepare an inpainting mask, True or white where a picture is to be filled in.

    Returns:
        The mask (H, W), of the model's size.

    Raises:
        StudioError: if it is no picture.
    """
    if isinstance(given, np.ndarray) and given.dtype == np.bool_:
        given = given.astype(np.uint8) * np.uint8(255)
    return mask_of(to_picture(given, run, flat=True))


def to_latent(given: Latent | AnyPath | None) -> Latent | None:
    """Return a latent, read from its file if a path is given.

    Raises:
        StudioError: if the file holds no latent.
    """
    return jobs.load_latent(Path(given)) if isinstance(given, str | os.PathLike) else given


class PathsOnDisk(NamedTuple):
    """Paths of a set of pictures.

    ``are_prepared``: they have the model's shape already. ``in_memory``: they were in no file.
    """

    paths: list[Path]
    are_prepared: bool = False
    in_memory: bool = False


@contextlib.contextmanager
def on_disk(given: Sources | None, run: Path) -> Iterator[PathsOnDisk]:
    """Yield the paths of a set of pictures; those in memory are in a temporary ``.npy`` meanwhile.

    Args:
        given: a path or several, an array (N, H, W, C), or pictures of any kind; None: no paths.
        run: the run whose preparation is applied to pictures given one by one.

    Raises:
        StudioError: if one is no picture, or the list is empty.
    """
    are_prepared = True
    if isinstance(given, np.ndarray):
        if given.ndim == 4:
            pictures = given
            are_prepared = given.dtype == np.uint8 and jobs.has_model_shape(given, run)
        else:
            pictures = to_picture(given, run)[None]
    elif given is None or isinstance(given, str | os.PathLike):
        yield PathsOnDisk(as_paths(given))
        return
    else:
        _reject_empty(given)
        paths = [item for item in given if isinstance(item, str | os.PathLike)]
        if len(paths) == len(given):
            yield PathsOnDisk(as_paths(paths))
            return
        pictures = np.stack([to_picture(item, run) for item in given])
    with tempfile.TemporaryDirectory(prefix="ddpm-studio-") as folder:
        file = Path(folder) / "pictures.npy"
        np.save(file, pictures, allow_pickle=False)
        yield PathsOnDisk([file], are_prepared, in_memory=True)


def _reject_empty(given: Sequence[object]) -> None:
    """Refuse an empty list, which doesn't mean the same as None.

    Raises:
        StudioError: if it is empty.
    """
    # Not its truth value: arrays of other libraries have none.
    if len(given) == 0:
        raise StudioError(
            "There are no pictures in the list that was given.",
            "Look at how it was made; None stands for the pictures of the run.",
        )


def _pixels(image: Image.Image) -> Pictures:
    """Return an image as uint8 (H, W) or (H, W, C), with EXIF rotation applied and alpha kept."""
    image = ImageOps.exif_transpose(image)
    if "transparency" in image.info or image.mode in ("PA", "La", "RGBa"):
        image = image.convert("RGBA")
    elif image.mode not in _NATIVE_MODES:
        image = flatten(image, _WHITE)
    return np.asarray(image)
