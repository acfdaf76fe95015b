"""Pictures of any shape → equal squares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PIL import Image

from ddpm_studio.data.decoding.decoding import Rgb

#: JPEG is decoded, and pictures are averaged, down to this many times the size aimed at;
#: the fine filter does the rest without visible difference.
_REDUCE_TO = 3.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """How each picture is made: ``channels`` is 1 or 3."""

    size: int
    channels: int
    fit: Literal["crop", "pad", "squash"]
    background: Rgb

    def draft_scale(self, width: int, height: int) -> float:
        """Return the scale at which a picture still has pixels enough."""
        side = max(width, height) if self.fit == "pad" else min(width, height)
        return _REDUCE_TO * self.size / side

    @property
    def row_bytes(self) -> int:
        """Bytes of one picture that is made."""
        return self.size * self.size * self.channels


def fit(image: Image.Image, recipe: Recipe) -> Image.Image:
    """Return an image of mode L or RGB as a square one of the recipe's size and mode."""
    square = _square(image, recipe)
    mode = "L" if recipe.channels == 1 else "RGB"
    return square if square.mode == mode else square.convert(mode)


def _square(image: Image.Image, recipe: Recipe) -> Image.Image:
    width, height = image.size
    size = recipe.size
    if recipe.fit == "crop":
        side = min(width, height)
        # Whole pixels: half a pixel would blur a picture that needs no scaling.
        left, top = (width - side) // 2, (height - side) // 2
        return _resize(image, (size, size), (left, top, left + side, top + side))
    whole = (0, 0, width, height)
    if recipe.fit == "squash":
        return _resize(image, (size, size), whole)
    scale = size / max(width, height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    resized = _resize(image, inner, whole)
    if inner == (size, size):
        return resized
    red, green, blue = recipe.background
    if resized.mode == "L" and red == green == blue:
        canvas = Image.new("L", (size, size), red)
    else:
        canvas = Image.new("RGB", (size, size), recipe.background)
    canvas.paste(resized, ((size - inner[0]) // 2, (size - inner[1]) // 2))
    return canvas


def _resize(image: Image.Image, to: tuple[int, int], box: tuple[int, int, int, int]) -> Image.Image:
    width, height = box[2] - box[0], box[3] - box[1]
    if (width, height) == to:
        return image if image.size == to else image.crop(box)
    shrinks = to[0] < width or to[1] < height
    method = Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC
    return image.resize(to, method, box, reducing_gap=_REDUCE_TO)
