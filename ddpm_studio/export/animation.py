"""Animations: GIF, APNG, WebP, MP4, chosen by the file's suffix."""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable, Sequence
from pathlib import Path

from ddpm_studio.engine.sizes import size_text
from ddpm_studio.errors import StudioError
from ddpm_studio.export.apng import write_apng
from ddpm_studio.export.atomic_writes import atomic_write, check_destination, check_suffix
from ddpm_studio.export.gif import MAX_FPS, MAX_TICKS, TICKS_PER_SECOND, write_gif
from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.monitored import run_monitored
from ddpm_studio.export.pictures import Recipe
from ddpm_studio.export.text_metadata import RECIPE_SUFFIXES
from ddpm_studio.export.timing import Easing, Timeline, choose_frames
from ddpm_studio.export.video import find_ffmpeg, write_mp4
from ddpm_studio.export.webp import write_webp
from ddpm_studio.lazy_sequence import LazySequence
from ddpm_studio.picture_shape import FIRST_BANDS, Bands, composite_over, to_displayable
from ddpm_studio.progress import Progress

# Only formats that can hold a recipe are written.
ANIMATION_SUFFIXES = RECIPE_SUFFIXES

_MAX_WEBP_SIDE = 16383
_MAX_GIF_SIDE = 65535
_MAX_BYTES = 2**30


def check_animation(path: Path) -> None:
    """Check before long work that an animation can be written to a path.

    Raises:
        StudioError: for an unknown suffix, a path that can't be written to, or missing ffmpeg.
    """
    check_destination(path, ANIMATION_SUFFIXES)
    if path.suffix.lower() == ".mp4":
        find_ffmpeg()


def save_animation(
    path: Path,
    frames: Iterable[Pictures] | Sequence[Pictures],
    *,
    fps: float = 20.0,
    hold_last_seconds: float = 2.0,
    loop: bool = True,
    easing: Easing = "linear",
    count: int | None = None,
    scale: int = 1,
    recipe: Recipe | None = None,
    bands: Bands = FIRST_BANDS,
) -> Generator[Progress, None, None]:
    """Write frames as an animation; yields Progress a few times a second or more often.

    If the generator is closed early, no partial file is left and an existing file is unchanged.

    ``.gif`` is exact up to 256 colours in all; ``.png`` and ``.apng`` (animated PNG) and
    ``.webp`` are always lossless; ``.mp4`` needs ffmpeg and is nearly so. Consecutive equal frames
    may be stored as one that lasts longer. Alpha is composited over white if the format has none,
    see :func:`keeps_alpha`.

    Args:
        path: the file; its suffix selects the format.
        frames: uint8, each (H, W, C) of one shape, at least one. Of a sequence, only the frames
            shown are accessed, one after the other, so that it may compose them lazily.
        fps: frames a second, up to 50 for GIF.
        hold_last_seconds: how much longer the last frame stays.
        loop: repeat for ever; MP4 leaves this to the player.
        easing: which frames are shown; see :func:`ddpm_studio.export.choose_frames`.
        count: how many frames to show; None: as many as are given.
        scale: integer zoom.
        recipe: what made them, as JSON; :func:`ddpm_studio.export.read_recipe` reads it back,
            with a key ``moving`` to mark that the file's picture is not the drawing itself.
        bands: which of more than four channels to show.

    Raises:
        StudioError: if the suffix is unknown or the file can't be written with these settings.
        ValueError: for numbers out of range, frames of several shapes, or a recipe too long.
    """
    check_suffix(path, ANIMATION_SUFFIXES)
    source = frames if isinstance(frames, Sequence) else list(frames)
    if not source:
        raise ValueError("an animation needs frames")
    if fps <= 0 or hold_last_seconds < 0 or scale < 1:
        raise ValueError(
            "fps must be above 0, hold_last_seconds at least 0 and scale at least 1, "
            f"not {fps}, {hold_last_seconds}, {scale}"
        )
    suffix = path.suffix.lower()
    indices = choose_frames(len(source), len(source) if count is None else count, easing)
    timeline = Timeline.of(indices, fps, hold_last_seconds)
    display_frames = DisplayFrames(
        FrameSelection(source, timeline.frames), bands, alpha=keeps_alpha(suffix)
    )
    _check_limits(suffix, display_frames[0].shape, timeline, fps, scale)
    stored_recipe = None if recipe is None else {**recipe, "moving": True}
    start = Progress(0, len(display_frames), "Writing", "frames")
    with atomic_write(path) as temporary:
        if suffix == ".mp4":
            yield from write_mp4(
                temporary, display_frames, timeline, fps, scale, stored_recipe, start
            )
            return
        writer = {".gif": write_gif, ".webp": write_webp}.get(suffix, write_apng)
        with temporary.open("wb") as file:
            yield from run_monitored(
                start,
                lambda monitor: writer(
                    file, display_frames, timeline, scale, loop, stored_recipe, monitor
                ),
            )


def keeps_alpha(suffix: str) -> bool:
    """Whether files with this suffix have an alpha channel (partial transparency)."""
    return suffix.lower() not in (".gif", ".mp4")


class DisplayFrames(LazySequence[Pictures]):
    """Lazy sequence of frames converted to one to four displayable channels.

    Args:
        frames: (H, W, C), at least one.
        bands: which of more than four channels to show.
        alpha: whether to keep alpha; else it is composited over white.
    """

    def __init__(self, frames: Sequence[Pictures], bands: Bands, *, alpha: bool) -> None:
        self._frames, self._bands, self._alpha = frames, bands, alpha

    def __len__(self) -> int:
        return len(self._frames)

    def item(self, index: int, /) -> Pictures:
        """Return the frame at an index, converted for display."""
        frame = to_displayable(self._frames[index], self._bands)
        return frame if self._alpha else composite_over(frame)


class FrameSelection(LazySequence[Pictures]):
    """Lazy selection of frames from a sequence, each accessed only when needed.

    Args:
        frames: the frames (H, W, C).
        indices: the indices of the selected frames in their order, at least one.

    Raises:
        ValueError: on access to a frame of another shape than the first.
    """

    def __init__(self, frames: Sequence[Pictures], indices: Sequence[int]) -> None:
        self._frames, self._indices = frames, indices
        self._shape = frames[indices[0]].shape

    def __len__(self) -> int:
        return len(self._indices)

    def item(self, index: int, /) -> Pictures:
        """Return the selected frame at an index."""
        frame = self._frames[self._indices[index]]
        if frame.shape != self._shape:
            raise ValueError(f"frames must have one shape, not {self._shape} and {frame.shape}")
        return frame


def _check_limits(
    suffix: str, shape: tuple[int, ...], timeline: Timeline, fps: float, scale: int
) -> None:
    if suffix == ".gif" and fps > MAX_FPS:
        raise StudioError(
            f"A GIF shows at most {MAX_FPS} frames a second.",
            "Lower the rate, or choose .webp or .apng.",
        )
    if suffix == ".gif" and max(timeline.durations(TICKS_PER_SECOND)) > MAX_TICKS:
        raise StudioError(
            f"A GIF shows a frame for at most {MAX_TICKS // TICKS_PER_SECOND} seconds.",
            "Shorten the hold, or choose .webp or .apng.",
        )
    count = len(timeline.frames)
    limit = {".webp": _MAX_WEBP_SIDE, ".gif": _MAX_GIF_SIDE}.get(suffix)
    side = max(shape[:2]) * scale
    if limit is not None and side > limit:
        raise StudioError(
            f"{side} pixels are too many for {suffix}, which holds {limit}.",
            "Choose a smaller zoom or fewer pictures.",
        )
    # Viewers decode all frames and keep them in memory; players of MP4 don't.
    size = count * math.prod(shape) * scale**2
    if suffix != ".mp4" and size > _MAX_BYTES:
        pixels = size_text(shape[1] * scale, shape[0] * scale)
        raise StudioError(
            f"{count} frames of {pixels} pixels are too many for {suffix}: "
            f"to show them takes {size / 2**30:.1f} GiB of memory.",
            "Choose fewer frames, a smaller zoom, or .mp4.",
        )
