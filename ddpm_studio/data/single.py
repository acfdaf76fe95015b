"""One picture, as it is in its file or prepared as a whole set would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ddpm_studio.data.decoding.decoding import Unusable, decode
from ddpm_studio.data.fitting import choose_size, make_square, recipe_for
from ddpm_studio.data.items import MAX_FILE_BYTES, Pixels
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.strict_json import read_bounded

_WHITE = (255, 255, 255)


def read_picture(path: Path) -> Pixels:
    """Read one picture file, turned upright, white where it is transparent.

    Returns:
        uint8 (H, W, C), C = 1 or 3.

    Raises:
        StudioError: it can't be read, is no picture, or too large.
    """
    try:
        picture = np.asarray(decode(read_bounded(path, MAX_FILE_BYTES), _WHITE, None))
    except OSError as error:
        raise StudioError(
            f"{path} can't be read: {error.strerror or error}.", "Check the path."
        ) from error
    except (ValueError, Unusable) as error:
        raise StudioError(
            f"{path.name} can't be read as a picture: {error}.", "Choose a PNG or JPEG."
        ) from error
    return picture if picture.ndim == 3 else picture[..., np.newaxis]


def fit_picture(picture: Pixels, options: PrepareOptions) -> Pixels:
    """Prepare a picture, uint8 (H, W, C), C = 1 or 3.

    Returns:
        uint8 (size, size, C); what the options leave open is chosen as for a whole set.
    """
    height, width, channels = picture.shape
    size = options.image_size or choose_size([((width, height), 1)], 1)
    recipe = recipe_for(options, size, all_gray=channels == 1, any_alpha=False)
    return make_square(picture, recipe)
