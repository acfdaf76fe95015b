"""One picture in memory, prepared as a whole set would be."""

from __future__ import annotations

from ddpm_studio.data.fitting import choose_size, make_square, recipe_for
from ddpm_studio.data.items import Pixels
from ddpm_studio.requests import PrepareOptions


def fit_picture(picture: Pixels, options: PrepareOptions) -> Pixels:
    """Prepare a picture, uint8 (H, W, C), C = 1 or 3.

    Returns:
        uint8 (size, size, C); what the options leave open is chosen as for a whole set.
    """
    height, width, channels = picture.shape
    size = options.image_size or choose_size([((width, height), 1)], 1)
    recipe = recipe_for(options, size, all_gray=channels == 1, any_alpha=False)
    return make_square(picture, recipe)
