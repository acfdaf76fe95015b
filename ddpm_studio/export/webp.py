"""Lossless animated WebP writer, by Pillow's encoder, with lazily composed frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from PIL import Image

from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.monitored import Monitor, encode_image
from ddpm_studio.export.pictures import to_image
from ddpm_studio.export.recipe import recipe_text
from ddpm_studio.export.text_metadata import webp_xmp
from ddpm_studio.export.timing import Timeline

_EFFORT = 50


def write_webp(
    file: BinaryIO,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: dict[str, object] | None,
    monitor: Monitor,
) -> None:
    """Write frames of equal shape (H, W, C), C 1 to 4; the file is only written at the very end.

    Args:
        file: open for writing.
        frames: accessed one after the other.
        timeline: duration of each frame.
        scale: integer zoom.
        loop: repeat for ever.
        recipe: the recipe to store.
        monitor: receives the progress, by frame.

    Raises:
        ValueError: if the recipe is too long.
    """
    content = encode_image(
        _LazyFrames(frames, scale, monitor),
        monitor,
        "WEBP",
        save_all=True,
        duration=timeline.durations(1000),
        loop=0 if loop else 1,
        lossless=True,
        quality=_EFFORT,
        exact=True,
        xmp=b"" if recipe is None else webp_xmp(recipe_text(recipe)),
    )
    monitor.report(len(frames))
    file.write(content)


class _LazyFrames(Image.Image):
    """Multi-frame Pillow image with one frame in memory at a time."""

    def __init__(self, frames: Sequence[Pictures], scale: int, monitor: Monitor) -> None:
        super().__init__()
        self._frames, self._zoom, self._monitor = frames, scale, monitor
        self.n_frames = len(frames)
        self._index = -1
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Load another frame."""
        if frame == self._index:
            return
        self._monitor.report(max(frame, self._index))
        image = to_image(zoom(self._frames[frame], self._zoom))
        image = image.convert("RGBA" if image.mode in ("LA", "RGBA") else "RGB")
        self._mode, self._size, self.im = image.mode, image.size, image.im
        self._index = frame

    def tell(self) -> int:
        """Return the index of the current frame."""
        return self._index
