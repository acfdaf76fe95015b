"""Estimate of an animation's duration, dimensions and file size before it is written."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ddpm_studio.export.animation import FrameSelection, keeps_alpha, save_animation
from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.pictures import save_png_sequence
from ddpm_studio.export.timing import Easing, Timeline, choose_frames
from ddpm_studio.picture_shape import FIRST_BANDS, Bands, PictureShape
from ddpm_studio.progress import Progress

# Neighbours are encoded by their differences, so the trial uses runs of frames, not single ones.
_SAMPLE_RUNS, _RUN_LENGTH = 3, 4


@dataclass(frozen=True)
class Estimate:
    """Estimated properties of an animation.

    Args:
        frames: number of frames; repeated ones count once.
        seconds: duration, including the hold at the end; 0 for single pictures.
        width: in pixels, zoom included.
        height: likewise.
        size: approximate file size in bytes; up to a dozen frames exact, apart from the recipe.
        over_white: whether alpha is composited over white, as the format has none.
    """

    frames: int
    seconds: float
    width: int
    height: int
    size: int
    over_white: bool = False


def estimate_animation(
    suffix: str,
    frames: Sequence[Pictures],
    *,
    fps: float = 20.0,
    hold_last_seconds: float = 2.0,
    easing: Easing = "linear",
    count: int | None = None,
    scale: int = 1,
    bands: Bands = FIRST_BANDS,
) -> Generator[Progress, None, Estimate]:
    """Estimate an animation by writing a few runs of neighbouring frames to a temporary folder.

    Yields Progress; the temporary files are removed, also if it is closed.

    Args:
        suffix: such as ``.gif``; ``.zip`` means one PNG for each frame.
        frames: these and the rest as for :func:`ddpm_studio.export.save_animation`.
        fps: frames a second.
        hold_last_seconds: how much longer the last frame stays.
        easing: which frames are shown.
        count: how many to show.
        scale: integer zoom.
        bands: which of more than four channels to show.

    Raises:
        StudioError: if it can't be written with these settings.
        ValueError: for numbers out of range.
    """
    indices = choose_frames(len(frames), len(frames) if count is None else count, easing)
    timeline = Timeline.of(indices, fps, hold_last_seconds)
    height, width = frames[0].shape[:2]
    total = len(timeline.frames)
    runs = _runs(total)
    start = Progress(0, sum(map(len, runs)), "Estimating", "frames")
    size = sampled = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"trial{suffix}"
        for run in runs:
            selection = FrameSelection(frames, [timeline.frames[index] for index in run])
            writing = (
                save_png_sequence(path, selection, scale=scale, bands=bands)
                if suffix == ".zip"
                else save_animation(
                    path, selection, fps=fps, hold_last_seconds=0, scale=scale, bands=bands
                )
            )
            with contextlib.closing(writing):
                for _ in writing:
                    yield replace(start, done=sampled)
            size += path.stat().st_size
            sampled += len(selection)
            yield replace(start, done=sampled)
    return Estimate(
        total,
        0.0 if suffix == ".zip" else timeline.starts[-1],
        width * scale,
        height * scale,
        round(size * total / sampled),
        PictureShape.of(frames[0]).has_alpha and not keeps_alpha(suffix),
    )


def _runs(total: int) -> list[range]:
    """Return runs of indices at the beginning, middle and end; one run of all if they are few."""
    if total <= _SAMPLE_RUNS * _RUN_LENGTH:
        return [range(total)]
    starts = (round(k * (total - _RUN_LENGTH) / (_SAMPLE_RUNS - 1)) for k in range(_SAMPLE_RUNS))
    return [range(start, start + _RUN_LENGTH) for start in starts]
