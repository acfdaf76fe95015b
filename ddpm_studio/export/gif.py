"""Animated GIF writer, with a global palette if exact, else adaptive palettes per frame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.GifImagePlugin import getdata, getheader

from ddpm_studio.export.frame_differences import iter_differences
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.monitored import Monitor, encode_image
from ddpm_studio.export.pictures import to_image
from ddpm_studio.export.recipe import recipe_text
from ddpm_studio.export.text_metadata import gif_comment
from ddpm_studio.export.timing import Timeline

_COLOURS = 256
# Viewers slow a GIF down when a frame lasts less than 2 hundredths of a second.
MAX_FPS = 50
TICKS_PER_SECOND = 100
#: Longest duration of a frame, 16 bits, in hundredths of a second.
MAX_TICKS = 2**16 - 1
# In milliseconds.
_TICK = 1000 // TICKS_PER_SECOND

Colours = npt.NDArray[np.uint32]


def write_gif(
    file: BinaryIO,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: dict[str, object] | None,
    monitor: Monitor,
) -> None:
    """Write frames of equal shape (H, W, C), C 1 or 3, each as soon as it is encoded.

    Gray frames and those with at most 256 colours in all are exact, with one palette. Otherwise
    each frame gets its own palette: an octree's, improved by two steps of k-means. Measured on
    a grid of photographs, the error is 4 to 5 levels of 256, that of one palette for all 7 and
    more. There is no dithering: its dots would be magnified by the zoom and mistaken for noise.

    Args:
        file: open for writing, at its beginning.
        frames: accessed one after the other, twice: first for their colours.
        timeline: duration of each frame.
        scale: integer zoom.
        loop: repeat for ever.
        recipe: the recipe to store.
        monitor: receives the progress, by frame.

    Raises:
        ValueError: if the recipe is too long.
    """
    options: dict[str, Any] = {"loop": 0} if loop else {}
    if recipe is not None:
        options["comment"] = gif_comment(recipe_text(recipe))
    palette = _shared_palette(monitor.track(frames, "Choosing colours"))
    images = (
        _adaptive_image(frame, scale, monitor)
        if palette is None
        else _exact_image(frame, palette, scale)
        for frame in monitor.track(frames)
    )
    durations = [_TICK * ticks for ticks in timeline.durations(TICKS_PER_SECOND)]
    parts = iter_differences(
        images, durations, lambda milliseconds: milliseconds <= _TICK * MAX_TICKS
    )
    first = next(parts)
    second = next(parts, None)
    options["duration"] = first.milliseconds
    if second is None:
        file.write(encode_image(first.image, monitor, "GIF", optimize=False, **options))
        return
    header, _ = getheader(first.image, info=options)
    file.writelines([*header, *getdata(first.image, duration=first.milliseconds)])
    for part in chain([second], parts):
        file.writelines(
            getdata(
                part.image,
                (part.left, part.top),
                duration=part.milliseconds,
                include_color_table=True,
            )
        )
    file.write(b";")


def _shared_palette(frames: Iterable[Pictures]) -> Colours | None:
    """Return the sorted colours of all frames if they fit one palette, else None."""
    palette: set[int] = set()
    for frame in frames:
        frame_colours = to_image(frame).convert("RGB").getcolors(_COLOURS)
        if frame_colours is None:
            return None
        for _, colour in frame_colours:
            assert isinstance(colour, tuple)
            red, green, blue = colour
            palette.add(red << 16 | green << 8 | blue)
        if len(palette) > _COLOURS:
            return None
    return np.array(sorted(palette), np.uint32)


def _exact_image(frame: Pictures, palette: Colours, scale: int) -> Image.Image:
    indices = np.searchsorted(palette, _pack_colours(frame)).astype(np.uint8)
    channels = np.stack([palette >> 16, palette >> 8 & 0xFF, palette & 0xFF], axis=1)
    return _palette_image(zoom(indices, scale), channels)


def _adaptive_image(frame: Pictures, scale: int, monitor: Monitor) -> Image.Image:
    # Quantise before the zoom, which only repeats colours and would make it slower.
    image = Image.fromarray(frame)
    quantized = image.quantize(_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    monitor.check()
    palette_image = _mean_palette_image(frame, np.asarray(quantized))
    indices = np.asarray(image.quantize(palette=palette_image, dither=Image.Dither.NONE))
    monitor.check()
    return _mean_palette_image(frame, indices, scale)


def _mean_palette_image(frame: Pictures, indices: Pictures, scale: int = 1) -> Image.Image:
    """Return the image with each index's mean colour as palette, the best one for the indices."""
    flat_indices = indices.ravel()
    count = np.maximum(np.bincount(flat_indices, minlength=_COLOURS), 1)
    sums = [np.bincount(flat_indices, frame[..., c].ravel(), _COLOURS) for c in range(3)]
    return _palette_image(zoom(indices, scale), (np.stack(sums, axis=1) / count[:, None]).round())


def _palette_image(indices: Pictures, palette: npt.NDArray[np.generic]) -> Image.Image:
    image = Image.fromarray(indices).convert("P")
    image.putpalette(palette.astype(np.uint8).tobytes())
    return image


def _pack_colours(frame: Pictures) -> Colours:
    """Return each pixel's colour packed as 0xRRGGBB, uint32 (H, W)."""
    rgb = np.broadcast_to(frame, (*frame.shape[:2], 3)).astype(np.uint32)
    packed: Colours = (rgb * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(axis=2, dtype=np.uint32)
    return packed
