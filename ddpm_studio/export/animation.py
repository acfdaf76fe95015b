"""Moving pictures: GIF, APNG, WebP, MP4, chosen by the name's ending."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import overload

from ddpm_studio.errors import StudioError
from ddpm_studio.export.carriers import RECIPE_SUFFIXES, webp_xmp
from ddpm_studio.export.gif import MAX_FPS, write_gif
from ddpm_studio.export.grid import Pictures, zoom
from ddpm_studio.export.pictures import Recipe, to_image
from ddpm_studio.export.recipe import png_text, recipe_text
from ddpm_studio.export.timing import Easing, Timeline, choose_frames
from ddpm_studio.export.video import find_ffmpeg, write_mp4
from ddpm_studio.export.writing import check_destination, check_suffix, whole_file

# What can't carry what made it is not written.
ANIMATION_SUFFIXES = RECIPE_SUFFIXES

_MAX_WEBP_SIDE = 16383
_MAX_GIF_SIDE = 65535
_MOST_HELD_BYTES = 2**30


def check_animation(path: Path) -> None:
    """Find out before long work whether an animation can be written.

    Raises:
        StudioError: for an unknown ending, a place that can't be written to, missing ffmpeg.
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
) -> None:
    """Write frames as a moving picture.

    ``.gif`` is exact up to 256 colours in all; ``.png`` and ``.apng`` (animated PNG) and
    ``.webp`` are always exact; ``.mp4`` needs ffmpeg and is nearly so. Frames that follow each
    other unchanged may be stored as one that lasts longer.

    Args:
        path: where to; the ending chooses the format.
        frames: uint8, each (H, W, C) of one shape, C 1 or 3, at least one. Of a sequence only
            those that are shown are asked for, one after the other: it may compose them then.
        fps: frames a second, up to 50 for GIF.
        hold_last_seconds: how much longer the last frame stays.
        loop: begin again at the end; MP4 leaves this to the player.
        easing: which frames are shown; see :func:`ddpm_studio.export.choose_frames`.
        count: how many frames to show; None: as many as are given.
        scale: integer zoom.
        recipe: what made them, as JSON; :func:`ddpm_studio.export.read_recipe` reads it back,
            with ``moving`` for a sign that the file's picture is not the drawing itself.

    Raises:
        StudioError: if the ending is unknown or the file can't be written so.
        ValueError: for numbers out of range, frames of several shapes, or a recipe too long.
    """
    check_suffix(path, ANIMATION_SUFFIXES)
    given = frames if isinstance(frames, Sequence) else list(frames)
    if not given:
        raise ValueError("an animation needs frames")
    if fps <= 0 or hold_last_seconds < 0 or scale < 1:
        raise ValueError(
            "fps must be above 0, hold_last_seconds at least 0 and scale at least 1, "
            f"not {fps}, {hold_last_seconds}, {scale}"
        )
    suffix = path.suffix.lower()
    chosen = choose_frames(len(given), len(given) if count is None else count, easing)
    timeline = Timeline.of(chosen, fps, hold_last_seconds)
    shown = _Shown(given, timeline.frames)
    _check_limits(suffix, shown[0].shape, len(shown), fps, scale)
    made_by = None if recipe is None else {**recipe, "moving": True}
    with whole_file(path) as temporary:
        if suffix == ".gif":
            write_gif(temporary, shown, timeline, scale, loop, made_by)
        elif suffix == ".mp4":
            write_mp4(temporary, shown, timeline, fps, scale, made_by)
        elif suffix == ".webp":
            _write_webp(temporary, shown, timeline, scale, loop, made_by)
        else:
            _write_apng(temporary, shown, timeline, scale, loop, made_by)


class _Shown(Sequence[Pictures]):
    """The frames that are shown, each asked for when its turn comes."""

    def __init__(self, given: Sequence[Pictures], indices: Sequence[int]) -> None:
        self._given, self._indices = given, indices
        self._shape = given[indices[0]].shape

    def __len__(self) -> int:
        return len(self._indices)

    @overload
    def __getitem__(self, place: int) -> Pictures: ...
    @overload
    def __getitem__(self, place: slice) -> _Shown: ...
    def __getitem__(self, place: int | slice) -> Pictures | _Shown:
        if isinstance(place, slice):
            return _Shown(self._given, self._indices[place])
        frame = self._given[self._indices[place]]
        if frame.shape != self._shape:
            raise ValueError(f"frames must have one shape, not {self._shape} and {frame.shape}")
        return frame


def _write_apng(
    path: Path,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: Recipe | None,
) -> None:
    first, *others = (to_image(frame) for frame in _zoomed(frames, scale))
    first.save(
        path,
        format="PNG",
        save_all=True,
        append_images=others,
        duration=timeline.durations(1000),
        loop=0 if loop else 1,
        pnginfo=png_text(recipe),
    )


def _write_webp(
    path: Path,
    frames: Sequence[Pictures],
    timeline: Timeline,
    scale: int,
    loop: bool,
    recipe: Recipe | None,
) -> None:
    first, *others = (to_image(frame).convert("RGB") for frame in _zoomed(frames, scale))
    first.save(
        path,
        format="WEBP",
        save_all=True,
        append_images=others,
        duration=timeline.durations(1000),
        loop=0 if loop else 1,
        lossless=True,
        quality=50,
        xmp=b"" if recipe is None else webp_xmp(recipe_text(recipe)),
    )


def _zoomed(frames: Sequence[Pictures], scale: int) -> Iterator[Pictures]:
    return (zoom(frame, scale) for frame in frames)


def _check_limits(suffix: str, shape: tuple[int, ...], count: int, fps: float, scale: int) -> None:
    if suffix == ".gif" and fps > MAX_FPS:
        raise StudioError(
            f"A GIF shows at most {MAX_FPS} frames a second.",
            "Lower the rate, or choose .webp or .apng.",
        )
    limit = {".webp": _MAX_WEBP_SIDE, ".gif": _MAX_GIF_SIDE}.get(suffix)
    side = max(shape[:2]) * scale
    if limit is not None and side > limit:
        raise StudioError(
            f"{side} pixels are too many for {suffix}, which holds {limit}.",
            "Choose a smaller zoom or fewer pictures.",
        )
    # Their writers hold every frame until the end; that of MP4 sends each on its way.
    held = count * math.prod(shape) * scale**2
    if suffix != ".mp4" and held > _MOST_HELD_BYTES:
        raise StudioError(
            f"{count} frames of {shape[1] * scale}×{shape[0] * scale} pixels are too many for "
            f"{suffix}: they would take {held / 2**30:.1f} GiB of memory.",
            "Choose fewer frames, a smaller zoom, or .mp4.",
        )
