"""Single pictures: read one from its file, or prepare one as a whole set would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddpm_studio.data.decoding.decoding import array_header, decode
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.fitting import choose_size, prepare_picture, recipe_for
from ddpm_studio.data.items import MAX_FILE_BYTES, Pixels
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.strict_json import read_bounded

_WHITE = (255, 255, 255)


def read_picture(path: Path, *, alpha: bool = False) -> Pixels:
    """Read one picture file, turned upright, transparent pixels composited on white.

    Args:
        path: the file.
        alpha: whether to keep the alpha channel instead.

    Returns:
        uint8 (H, W, C), C = 1 or 3; with ``alpha`` also 2 or 4. A file written by this program
        that carries bands has all of them.

    Raises:
        StudioError: the file can't be read, is no picture, or is too large.
    """
    try:
        picture = np.asarray(
            decode(read_bounded(path, MAX_FILE_BYTES), None if alpha else _WHITE, None)
        )
    except OSError as error:
        raise StudioError(
            f"{path} can't be read: {error.strerror or error}.", "Check the path."
        ) from error
    except (ValueError, UnusablePicture) as error:
        raise StudioError(
            f"{path.name} can't be read as a picture: {error}.", "Choose a PNG or JPEG."
        ) from error
    return picture if picture.ndim == 3 else picture[..., np.newaxis]


def fit_picture(picture: Pixels, options: PrepareOptions) -> Pixels:
    """Prepare one picture, uint8 (H, W, C), as a whole set would be.

    Returns:
        uint8 (H, W, C); whatever the options leave open is chosen as for a set of this picture.

    Raises:
        StudioError: the picture can't be used, as where its channels are not those asked for.
    """
    header = array_header(picture)
    size = options.image_size or choose_size([(header.size, 1)], 1)
    try:
        return prepare_picture(picture, recipe_for(options, size, [header]))
    except UnusablePicture as verdict:
        raise StudioError(
            f"The picture can't be used: it is {verdict}.", "Choose one with the same channels."
        ) from verdict
