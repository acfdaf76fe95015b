"""Colour mode conversion: images of any mode → gray or RGB, composited on a background."""

from __future__ import annotations

import numpy as np
from PIL import Image

from ddpm_studio.data.decoding.bit_depth import NO_RANGES, measure_values, strips, to_eight_bits
from ddpm_studio.data.items import Pixels
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS

Rgb = tuple[int, int, int]
Decoded = Image.Image | Pixels
"""An image of mode L, LA, RGB or RGBA, or an array (H, W, C) of any number of bands."""

#: Pillow's modes with an alpha channel.
ALPHA_MODES = frozenset(("LA", "La", "PA", "RGBA", "RGBa"))


def from_array(pixels: Pixels, background: Rgb | None) -> Decoded:
    """Convert an array (H, W, C) as :meth:`OpenedPicture.decode` does a file; bands are kept."""
    if pixels.shape[2] > MAX_COLOUR_CHANNELS:
        return pixels
    squeezed = pixels[:, :, 0] if pixels.shape[2] == 1 else pixels
    return flatten(Image.fromarray(np.ascontiguousarray(squeezed)), background)


def flatten(image: Image.Image, background: Rgb | None) -> Image.Image:
    """Convert an image of any mode to L or RGB, composited on the background if transparent.

    Without a background transparency is kept, and the mode may be LA or RGBA too.
    """
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image
    if mode.startswith("I") or mode == "F":
        return to_eight_bits(image, measure_values(image), NO_RANGES)
    transparent = mode in ALPHA_MODES or "transparency" in image.info
    if transparent and background is None:
        target_mode = "LA" if mode in ("LA", "La") else "RGBA"
        return image if mode == target_mode else image.convert(target_mode)
    if background is None:
        background = (0, 0, 0)  # Never seen: the image is opaque.
    flat = Image.new("L" if mode == "1" and not transparent else "RGB", image.size, background[0])
    # Strip by strip, to avoid a third and a fourth copy of the whole picture.
    for strip, corner in strips(image):
        if transparent:
            if mode in ("La", "RGBa"):
                strip = strip.convert("LA" if mode == "La" else "RGBA")
            rgba = strip.convert("RGBA")
            flat.paste(background, (*corner, corner[0] + strip.width, corner[1] + strip.height))
            flat.paste(rgba, corner, rgba.getchannel("A"))
        else:
            flat.paste(strip.convert(flat.mode), corner)
    return flat
