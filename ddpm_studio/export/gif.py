"""GIF: at most 256 colours a frame, chosen with care."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.timing import Timeline

_COLOURS = 256
# Viewers slow a GIF down when a frame lasts less than 2 hundredths of a second.
MAX_FPS = 50

Colours = npt.NDArray[np.uint32]


def write_gif(
    path: Path, frames: Sequence[Pictures], timeline: Timeline, scale: int, loop: bool
) -> None:
    """Write frames of equal shape (H, W, C), C 1 or 3, as a GIF.

    Gray frames and those with at most 256 colours in all are exact, under one palette. Others
    get a palette of their own each, by median cut refined by one k-means pass: measured on a
    trajectory over photographs, the error is 4 to 6 levels of 256, half of one palette's for
    all. Nothing is dithered: its dots would be magnified by the zoom and mistaken for noise.
    """
    palette = _shared_palette(frames)
    images = [
        _adaptive(frame, scale) if palette is None else _exact(frame, palette, scale)
        for frame in frames
    ]
    durations = [10 * ticks for ticks in timeline.durations(100)]
    options: dict[str, object] = {"loop": 0} if loop else {}
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
    image = Image.fromarray(zoom(indices, scale)).convert("P")
    channels = np.stack([palette >> 16, palette >> 8 & 0xFF, palette & 0xFF], axis=1)
    image.putpalette(channels.astype(np.uint8).tobytes())
    return image


def _adaptive(frame: Pictures, scale: int) -> Image.Image:
    # Before the zoom: it repeats colours, and would only make the choice slower.
    small = Image.fromarray(frame).quantize(
        _COLOURS, Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
    return small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)


def _packed(frame: Pictures) -> Colours:
    """Return each pixel's colour as one number, 0xRRGGBB, shape (H, W)."""
    wide = np.broadcast_to(frame, (*frame.shape[:2], 3)).astype(np.uint32)
    packed: Colours = (wide * np.array([1 << 16, 1 << 8, 1], np.uint32)).sum(
        axis=2, dtype=np.uint32
    )
    return packed
