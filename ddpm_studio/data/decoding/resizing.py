"""Resizing: pictures of any shape → pictures of one shape and number of channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from ddpm_studio.data.decoding.mode_conversion import Decoded, Rgb
from ddpm_studio.data.decoding.verdicts import UnusablePicture
from ddpm_studio.data.items import Pixels
from ddpm_studio.data.values import Range

#: A JPEG is decoded, and any picture box-averaged, at this many times the target size; the Lanczos
#: filter does the rest without visible difference.
_REDUCE_TO = 3.0
_MODES = ("L", "LA", "RGB", "RGBA")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Recipe for prepared pictures: width and height in pixels, channels, fit and background.

    With ``bands`` all channels are taken as they are, and each picture must have that many;
    otherwise 1 to 4 channels are gray, gray with alpha, RGB and RGBA. ``pick`` selects channels of
    the picture, counted from 0. ``ranges`` are (dtype, low, high), the values of each dtype that
    become black and white. ``invert`` is that of :meth:`OpenedPicture.decode`.
    """

    width: int
    height: int
    channels: int
    fit: Literal["crop", "pad", "squash"]
    background: Rgb
    bands: bool = False
    pick: tuple[int, ...] | None = None
    ranges: tuple[tuple[str, float, float], ...] = ()
    invert: bool = True

    @property
    def levels(self) -> dict[str, Range]:
        """The values that become levels 0 and 255, by dtype name."""
        return {dtype: Range(low, high) for dtype, low, high in self.ranges}

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.width, self.height

    @property
    def alpha_background(self) -> Rgb | None:
        """The colour behind transparent pixels; None keeps transparency."""
        is_raw = self.bands or self.pick is not None
        return None if is_raw or self.channels in (2, 4) else self.background

    def draft_scale(self, width: int, height: int) -> float:
        """Return the smallest scale at which a picture still has enough pixels to be resized."""
        scales = _REDUCE_TO * self.width / width, _REDUCE_TO * self.height / height
        return min(scales) if self.fit == "pad" else max(scales)

    @property
    def row_bytes(self) -> int:
        """Size in bytes of one prepared picture."""
        return self.height * self.width * self.channels


def fit(decoded: Decoded, recipe: Recipe) -> bytes:
    """Resize a picture and convert its channels by the recipe.

    Args:
        decoded: an image of mode L, LA, RGB or RGBA, or an array (H, W, C).
        recipe: the size, channels, fit and background of the result.

    Returns:
        The bytes of uint8 (H, W, C), in C order.

    Raises:
        UnusablePicture: the picture does not have the number of channels that the recipe needs.
    """
    if recipe.pick is not None:
        decoded = _select_channels(decoded, recipe.pick, as_colours=not recipe.bands)
    if recipe.bands or not isinstance(decoded, Image.Image):
        return _fit_bands(np.atleast_3d(np.asarray(decoded)), recipe)
    mode = _MODES[recipe.channels - 1]
    if recipe.channels not in (2, 4):
        resized = _fit_image(decoded, recipe)
        return (resized if resized.mode == mode else resized.convert(mode)).tobytes()
    resized = _fit_image(decoded if decoded.mode == mode else decoded.convert(mode), recipe)
    # Fully transparent pixels get one colour, so that no hidden colours are learnt.
    hidden = resized.getchannel("A").point(lambda level: 0 if level else 255)
    resized.paste(_canvas(mode, resized.size, recipe.background), mask=hidden)
    return resized.tobytes()


def _select_channels(decoded: Decoded, indices: tuple[int, ...], *, as_colours: bool) -> Decoded:
    pixels = np.atleast_3d(np.asarray(decoded))
    if max(indices) >= pixels.shape[2]:
        raise UnusablePicture(f"of {pixels.shape[2]} channels: there is no {max(indices) + 1}")
    selected = np.ascontiguousarray(pixels[..., list(indices)])
    if not as_colours:
        return selected
    return Image.fromarray(selected[..., 0] if len(indices) == 1 else selected)


def _fit_bands(pixels: Pixels, recipe: Recipe) -> bytes:
    if pixels.shape[2] != recipe.channels:
        raise UnusablePicture(f"of {pixels.shape[2]} channels: not {recipe.channels}")
    planes = [Image.fromarray(np.ascontiguousarray(plane)) for plane in np.moveaxis(pixels, 2, 0)]
    return np.stack([np.asarray(_fit_image(plane, recipe)) for plane in planes], axis=2).tobytes()


def _fit_image(image: Image.Image, recipe: Recipe) -> Image.Image:
    width, height = image.size
    target_width, target_height = recipe.size
    if recipe.fit == "crop":
        crop_width = min(width, round(height * target_width / target_height))
        crop_height = min(height, round(width * target_height / target_width))
        # Whole pixels: half a pixel would blur a picture that needs no scaling.
        left, top = (width - crop_width) // 2, (height - crop_height) // 2
        return _resize(image, recipe.size, (left, top, left + crop_width, top + crop_height))
    full_box = (0, 0, width, height)
    if recipe.fit == "squash":
        return _resize(image, recipe.size, full_box)
    scale = min(target_width / width, target_height / height)
    inner_size = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = _resize(image, inner_size, full_box)
    if inner_size == recipe.size:
        return resized
    coloured = len(set(recipe.background)) > 1
    mode = "RGB" if resized.mode == "L" and coloured and not recipe.bands else resized.mode
    canvas = _canvas(mode, recipe.size, recipe.background)
    canvas.paste(
        resized, ((target_width - inner_size[0]) // 2, (target_height - inner_size[1]) // 2)
    )
    return canvas


def _canvas(mode: str, size: tuple[int, int], background: Rgb) -> Image.Image:
    """Return an image of the background colour, fully transparent if the mode has alpha."""
    colour = Image.new("RGB", (1, 1), background).convert(mode)
    if mode in ("LA", "RGBA"):
        colour.putalpha(0)
    return Image.new(mode, size, colour.getpixel((0, 0)))


def _resize(
    image: Image.Image, size: tuple[int, int], box: tuple[int, int, int, int]
) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    if (width, height) == size:
        return image if image.size == size else image.crop(box)
    shrinks = size[0] < width or size[1] < height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return image.resize(size, method, box, reducing_gap=_REDUCE_TO)
