"""Trajectories: frames of reverse processes, kept in memory for scrubbing."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.events import FrameImages, Pictures
from ddpm_studio.jobs.frames import SCALES, STORED_VIEWS, View, to_values
from ddpm_studio.lazy_sequence import LazySequence
from ddpm_studio.picture_shape import with_opaque_alpha

Levels = npt.NDArray[np.int16]

DIFFERENCES = ("dx_t", "dx0_hat")
"""Views of the difference to the previous frame."""

VIEWS = ("x_t", "x0_hat", "eps", *DIFFERENCES)
"""The views of a frame: x_t, x̂_0, ε̂ and the differences of x_t and of x̂_0."""

MEMORY_BUDGET = 768 * 2**20
"""Memory budget for all frames of the tab together, in bytes."""

_DIFFERENCE_OF: dict[str, View] = {"dx_t": "x_t", "dx0_hat": "x0_hat"}
# Bytes per number: x_t, x̂_0 and ε̂ as float16, or x_t as float16 and the others as uint8.
_EXACT_BYTES, _COMPACT_BYTES = 6, 4
_MID_GRAY = 128
_MAX_GAIN = 64
_GAIN_FRAMES = 12


@dataclass
class Trajectory:
    """Frames of one reverse process, from noise to the picture.

    Frames store numbers, and pictures are made only of those that are looked at. ``compact``:
    x̂_0 and ε̂ are stored quantised to 256 levels.
    """

    recipe: dict[str, object] = field(default_factory=dict)
    frames: list[FrameImages] = field(default_factory=list)
    title: str = ""
    compact: bool = False
    _negated_ts: list[int] = field(default_factory=list)
    _gains: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, frame: FrameImages) -> None:
        """Append the next frame; its t must not be above that of the last one."""
        self.frames.append(frame.compact() if self.compact else frame)
        self._negated_ts.append(-frame.t)

    @property
    def ts(self) -> list[int]:
        """The t of each frame, descending."""
        return [-t for t in self._negated_ts]

    def index_at(self, t: int) -> int:
        """Return the index of the last frame whose time is at least t; 0 if there is none."""
        return max(0, bisect_right(self._negated_ts, -t) - 1)

    def view(self, name: str, index: int) -> Pictures:
        """Return the pictures, uint8 (N, H, W, C), of one of ``VIEWS`` at one frame.

        A difference is amplified by :meth:`gain` around mid-gray; that of the first frame is zero.
        """
        if name in _DIFFERENCE_OF:
            source = _DIFFERENCE_OF[name]
            return _render_difference(self._difference(source, index), self.gain(name))
        return self.frames[index].for_display(_stored_view(name))

    def picture(self, name: str, index: int, picture: int) -> Pictures:
        """Return one picture of :meth:`view`, (H, W, C), without computing the others."""
        if name in _DIFFERENCE_OF:
            source = _DIFFERENCE_OF[name]
            return _render_difference(self._difference(source, index, picture), self.gain(name))
        return self.frames[index].for_display(_stored_view(name), picture)

    def gain(self, name: str) -> int:
        """Return the gain by which a difference is amplified, the same for the whole process.

        A power of two, at most 64, that keeps 99 % of the changes within the range of gray levels,
        estimated from up to a dozen frames; 1 for views that are not differences.
        """
        if name not in _DIFFERENCE_OF or len(self) < 2:
            return 1
        known = self._gains.get(name)
        # While the process is drawn, the gain is recomputed when the number of frames has doubled.
        if known is None or len(self) >= 2 * known[0]:
            source = _DIFFERENCE_OF[name]
            last = len(self) - 1
            indices = np.linspace(1, last, min(_GAIN_FRAMES, last)).astype(int)
            changes = [np.abs(self._difference(source, int(i))).ravel() for i in indices]
            typical_change = max(1.0, float(np.percentile(np.concatenate(changes), 99)))
            gain = 2 ** int(np.log2(max(1.0, (255 - _MID_GRAY) / typical_change)))
            known = self._gains[name] = len(self), min(gain, _MAX_GAIN)
        return known[1]

    def values(self, name: str, index: int, pixel: tuple[int, int, int]) -> list[float]:
        """Return the numbers behind one pixel, one for each channel.

        Args:
            name: one of ``VIEWS``.
            index: index of the frame.
            pixel: (picture, row, column).

        Returns:
            Values in the units of the process, with the precision of float16, also beyond the
            displayed range; where levels are kept (:meth:`is_clamped`), quantised in steps of
            1/127.5 of the range's end. A difference is that of two such numbers.
        """
        view = _DIFFERENCE_OF.get(name) or _stored_view(name)
        numbers = self._numbers(view, index, pixel)
        if name in _DIFFERENCE_OF:
            numbers -= self._numbers(view, max(0, index - 1), pixel)
        return [float(value) for value in numbers]

    def is_clamped(self, name: str, index: int) -> bool:
        """Whether a view is kept as 8-bit levels, so that values beyond its range are clamped."""
        return (
            name in STORED_VIEWS and self.frames[index].kept(_stored_view(name)).dtype == np.uint8
        )

    def picture_frames(self, name: str, picture: int) -> Sequence[Pictures]:
        """Return a lazy sequence of one picture's frames, (H, W, C) each [DDPM Fig. 6]."""
        return _PictureFrames(self, name, picture)

    def numbers(self, name: str) -> Numbers:
        """Return the stored numbers of a view; of a difference, those of its source view.

        Returns:
            A lazy sequence of float16 (N, H, W, C), one for each frame.
        """
        return Numbers(self, _DIFFERENCE_OF.get(name) or _stored_view(name))

    @property
    def memory_bytes(self) -> int:
        """Memory used by the frames, in bytes."""
        return sum(frame.nbytes for frame in self.frames)

    def _numbers(
        self, view: View, index: int, pixel: tuple[int, int, int]
    ) -> npt.NDArray[np.float32]:
        return to_values(self.frames[index].kept(view)[pixel], SCALES[view])

    def _difference(self, view: View, index: int, picture: int | None = None) -> Levels:
        """Return the difference to the previous frame in 8-bit levels; zeros for the first."""
        levels = self.frames[index].pictures(view, picture).astype(np.int16)
        if not index:
            return np.zeros_like(levels)
        return levels - self.frames[index - 1].pictures(view, picture)


class _PictureFrames(LazySequence[Pictures]):
    """Lazy sequence of one picture at each frame; see :meth:`Trajectory.picture_frames`."""

    def __init__(self, trajectory: Trajectory, name: str, picture: int) -> None:
        self._trajectory, self._name, self._picture = trajectory, name, picture
        self._length = len(trajectory)

    def __len__(self) -> int:
        return self._length

    def item(self, index: int, /) -> Pictures:
        return self._trajectory.picture(self._name, index, self._picture)


class Numbers(LazySequence[npt.NDArray[np.float16]]):
    """Lazy sequence of the stored numbers of a view; see :meth:`Trajectory.numbers`."""

    def __init__(self, trajectory: Trajectory, view: View) -> None:
        self._frames, self._view = list(trajectory.frames), view

    def __len__(self) -> int:
        return len(self._frames)

    def item(self, index: int, /) -> npt.NDArray[np.float16]:
        """Return the numbers of a frame, (N, H, W, C)."""
        stored = self._frames[index].kept(self._view)
        if stored.dtype == np.uint8:
            return to_values(stored, SCALES[self._view]).astype(np.float16)
        return stored.view(np.float16)


class Process:
    """One trajectory, or several from the same noise that are scrubbed in step.

    Its *positions* are those of the slider. A single trajectory has one for each frame;
    several have one for each t at which any of them has a frame, and each trajectory then shows
    the last frame that it has reached at that t.
    """

    def __init__(self, trajectories: Sequence[Trajectory] = ()) -> None:
        self.trajectories = list(trajectories)
        self._negated_ts: list[int] = sorted(
            {-t for trajectory in trajectories for t in trajectory.ts}
        )

    def __len__(self) -> int:
        """Return the number of positions."""
        if self.comparing:
            return len(self._negated_ts)
        return len(self.trajectories[0]) if self.trajectories else 0

    @property
    def comparing(self) -> bool:
        """Whether there are several trajectories."""
        return len(self.trajectories) > 1

    @property
    def ready(self) -> bool:
        """Whether each trajectory has at least one frame."""
        return bool(self.trajectories) and all(map(len, self.trajectories))

    @property
    def finished(self) -> bool:
        """Whether each trajectory has been drawn to its end, i.e. has a recipe."""
        return bool(self.trajectories) and all(
            trajectory.recipe for trajectory in self.trajectories
        )

    @property
    def memory_bytes(self) -> int:
        """Memory used by all frames, in bytes."""
        return sum(trajectory.memory_bytes for trajectory in self.trajectories)

    def add(self, number: int, frame: FrameImages) -> None:
        """Append a frame to a trajectory, and its t to the positions."""
        self.trajectories[number].add(frame)
        position = bisect_left(self._negated_ts, -frame.t)
        if position == len(self._negated_ts) or self._negated_ts[position] != -frame.t:
            self._negated_ts.insert(position, -frame.t)

    def t(self, position: int) -> int:
        """Return the t of a position."""
        return (
            -self._negated_ts[position]
            if self.comparing
            else self.trajectories[0].frames[position].t
        )

    def index(self, number: int, position: int) -> int:
        """Return the index of the frame that a trajectory shows at a position."""
        return self.trajectories[number].index_at(self.t(position)) if self.comparing else position

    def position_at(self, t: int) -> int:
        """Return the position whose t is nearest to the given one."""
        return min(range(len(self)), key=lambda position: abs(self.t(position) - t), default=0)


def frames_within_budget(
    moments: int, picture_numbers: int, count: int, samplers: int = 1
) -> tuple[int, bool]:
    """Return the number of frames that fit in ``MEMORY_BUDGET``, at least 2, and how to store them.

    Args:
        moments: number of frames requested.
        picture_numbers: H · W · C of one picture.
        count: number of pictures in each frame.
        samplers: number of trajectories.

    Returns:
        The number of frames, and whether x̂_0 and ε̂ must be kept as 8-bit levels to fit more.
    """
    numbers = picture_numbers * count * samplers
    if moments * numbers * _EXACT_BYTES <= MEMORY_BUDGET:
        return moments, False
    return max(2, min(moments, MEMORY_BUDGET // (numbers * _COMPACT_BYTES))), True


def _stored_view(name: str) -> View:
    """Return the name of a stored view as its literal type.

    Raises:
        KeyError: if frames do not store that view.
    """
    return {str(view): view for view in STORED_VIEWS}[name]


def _render_difference(change: Levels, gain: int) -> Pictures:
    return with_opaque_alpha(np.clip(change * gain + _MID_GRAY, 0, 255).astype(np.uint8))
