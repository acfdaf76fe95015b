"""GIF: at most 256 colours a frame, chosen with care."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ddpm_studio.export.carriers import gif_comment
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.recipe import recipe_text
from ddpm_studio.export.timing import Timeline

_COLOURS = 256
# Viewers slow a GIF down when a frame lasts less than 2 hundredths of a second.
MAX_FPS = 50

Colours = npt.NDArray[np.uint32]


def write_gif(
    path: Path,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: dict[str, object] | None = None,
) -> None:
    """Write frames of equal shape (H, W, C), C 1 or 3, as a GIF.

    Gray frames and those with at most 256 colours in all are exact, under one palette. Others
    get a palette of their own each: an octree's, improved by two steps of k-means. Measured on
    a grid of photographs, the error is 4 to 5 levels of 256, that of one palette for all 7 and
    more. Nothing is dithered: its dots would be magnified by the zoom and mistaken for noise.
    """
    palette = _shared_palette(frames)
    images = [
        _adaptive(frame, scale) if palette is None else _exact(frame, palette, scale)
        for frame in frames
    ]
    durations = [10 * ticks for ticks in timeline.durations(100)]
    options: dict[str, object] = {"loop": 0} if loop else {}
    if recipe is not None:
        options["comment"] = gif_comment(recipe_text(recipe))
    images[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=images[1:],
        duration=durations if len(images) > 1 else durations[0],
        optimize=False,
        **options,
    )


def _shared_palette(frames: Sequence[Pictures]) -> Colours | None:
    """Return the sorted colours of all frames if they fit one palette, else None."""
    colours = np.empty(0, np.uint32)
    for frame in frames:
        colours = np.union1d(colours, _packed(frame))
        if len(colours) > _COLOURS:
            return None
    return colours


def _exact(frame: Pictures, palette: Colours, scale: int) -> Image.Image:
    indices = np.searchsorted(palette, _packed(frame)).astype(np.uint8)
    channels = np.stack([palette >> 16, palette >> 8 & 0xFF, palette & 0xFF], axis=1)
    return _indexed(zoom(indices, scale), channels)


def _adaptive(frame: Pictures, scale: int) -> Image.Image:
    # Before the zoom: it repeats colours, and would only make the choice slower.
    image = Image.fromarray(frame)
    first = image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    better = _with_means(frame, np.asarray(first))
    indices = np.asarray(image.quantize(palette=better, dither=Image.Dither.NONE))
    return _with_means(frame, indices, scale)


def _with_means(frame: Pictures, indices: Pictures, scale: int = 1) -> Image.Image:
    """Give each index the mean colour of its pixels: the best palette for these indices."""
    places = indices.ravel()
    count = np.maximum(np.bincount(places, minlength=_COLOURS), 1)
    sums = [np.bincount(places, frame[..., c].ravel(), _COLOURS) for c in range(3)]
    return _indexed(zoom(indices, scale), (np.stack(sums, axis=1) / count[:, None]).round())


def _indexed(indices: Pictures, palette: npt.NDArray[np.generic]) -> Image.Image:
    image = Image.fromarray(indices).convert("P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image


def _packed(frame: Pictures) -> Colours:
    """Return each pixel's colour as one number, 0xRRGGBB, shape (H, W)."""
    wide = np.broadcast_to(frame, (*frame.shape[:2], 3)).astype(np.uint32)
    packed: Colours = (wide * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(
        axis=2, dtype=np.uint32
    )
    return packed
