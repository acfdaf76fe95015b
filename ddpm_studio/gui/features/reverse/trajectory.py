"""Trajectories: the frames of reverse processes, kept to be scrubbed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.events import FrameImages, Pictures
from ddpm_studio.jobs.frames import KEPT, SCALES, View, to_values
from ddpm_studio.lazy_sequence import LazySequence
from ddpm_studio.picture_shape import fully_seen

Levels = npt.NDArray[np.int16]

CHANGES = ("dx_t", "dx0_hat")
"""Views of what has changed since the moment before."""

VIEWS = ("x_t", "x0_hat", "eps", *CHANGES)
"""What can be shown of a moment."""

MEMORY_BUDGET = 768 * 2**20
"""Bytes that all frames of the tab may take together."""

_DIFFERENCE_OF: dict[str, View] = {"dx_t": "x_t", "dx0_hat": "x0_hat"}
# Of one number: all three of a moment as float16, or x_t alone so and a byte for each other.
_EXACT_BYTES, _COMPACT_BYTES = 6, 4
_MID_GRAY = 128
_MOST_GAIN = 64
_LOOKED_AT = 12


@dataclass
class Trajectory:
    """Frames in the order of the process: the first is noise, the last the picture.

    They keep numbers, and pictures are made of those that are looked at. ``compact``: x̂_0 and ε̂
    keep levels of 256 alone.
    """

    recipe: dict[str, object] = field(default_factory=dict)
    frames: list[FrameImages] = field(default_factory=list)
    title: str = ""
    compact: bool = False
    _falling: list[int] = field(default_factory=list)
    _gains: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, frame: FrameImages) -> None:
        """Take the next frame; its t is no higher than the last one's."""
        self.frames.append(frame.compact() if self.compact else frame)
        self._falling.append(-frame.t)

    @property
    def ts(self) -> list[int]:
        """The t of each frame, falling."""
        return [-t for t in self._falling]

    def index_at(self, t: int) -> int:
        """Return the last frame that is reached when time has fallen to t; 0 before the first."""
        return max(0, bisect_right(self._falling, -t) - 1)

    def view(self, name: str, index: int) -> Pictures:
        """Return the pictures (N, H, W, C) of one of ``VIEWS`` at one frame.

        A difference is shown around mid-gray, enlarged by :meth:`gain`; the first frame has none.
        """
        if name in _DIFFERENCE_OF:
            return _shown(self._difference(_DIFFERENCE_OF[name], index), self.gain(name))
        return self.frames[index].shown(_kept(name))

    def picture(self, name: str, index: int, picture: int) -> Pictures:
        """Return one of the pictures of :meth:`view`, (H, W, C), without making the others."""
        if name in _DIFFERENCE_OF:
            source = _DIFFERENCE_OF[name]
            return _shown(self._difference(source, index, picture), self.gain(name))
        return self.frames[index].shown(_kept(name), picture)

    def gain(self, name: str) -> int:
        """By which factor a difference is enlarged: the same for the whole process.

        A power of two that keeps 99 of 100 changes within the range of gray levels, as far as
        a dozen moments tell; 1 for what is no difference.
        """
        if name not in _DIFFERENCE_OF or len(self) < 2:
            return 1
        known = self._gains.get(name)
        # While the process is drawn, the answer is good for as many frames again.
        if known is None or len(self) >= 2 * known[0]:
            source = _DIFFERENCE_OF[name]
            looked_at = np.linspace(1, len(self) - 1, min(_LOOKED_AT, len(self) - 1)).astype(int)
            changes = [np.abs(self._difference(source, int(i))).ravel() for i in looked_at]
            usual = max(1.0, float(np.percentile(np.concatenate(changes), 99)))
            gain = 2 ** int(np.log2(max(1.0, (255 - _MID_GRAY) / usual)))
            known = self._gains[name] = len(self), min(gain, _MOST_GAIN)
        return known[1]

    def values(self, name: str, index: int, place: tuple[int, int, int]) -> list[float]:
        """Return the numbers behind one pixel, a channel each.

        Args:
            name: one of ``VIEWS``.
            index: the frame.
            place: picture, row, column.

        Returns:
            In the units of the process, exact to float16, also beyond what is shown black and
            white; where levels are kept (:meth:`is_clamped`) in steps of 1/127.5 of that. A
            difference is that of two such numbers.
        """
        view = _DIFFERENCE_OF.get(name) or _kept(name)
        here = self._numbers(view, index, place)
        if name in _DIFFERENCE_OF:
            here -= self._numbers(view, max(0, index - 1), place)
        return [float(value) for value in here]

    def is_clamped(self, name: str, index: int) -> bool:
        """Whether of one of ``VIEWS`` only levels are kept, so that its ends may lie beyond."""
        return name in KEPT and self.frames[index].kept(_kept(name)).dtype == np.uint8

    def way(self, name: str, picture: int) -> Sequence[Pictures]:
        """One picture's way, a frame (H, W, C) each [DDPM Fig. 6], made when it is looked at."""
        return _Way(self, name, picture)

    def numbers(self, name: str) -> Numbers:
        """Return the numbers of a view, or of what a difference is of, as they are kept.

        Returns:
            A sequence of float16 (N, H, W, C), one for each frame.
        """
        return Numbers(self, _DIFFERENCE_OF.get(name) or _kept(name))

    @property
    def memory_bytes(self) -> int:
        """What the frames take."""
        return sum(frame.nbytes for frame in self.frames)

    def _numbers(
        self, view: View, index: int, place: tuple[int, int, int]
    ) -> npt.NDArray[np.float32]:
        return to_values(self.frames[index].kept(view)[place], SCALES[view])

    def _difference(self, view: View, index: int, picture: int | None = None) -> Levels:
        """How far a frame is from the one before, in levels of 256; the first one not at all."""
        here = self.frames[index].pictures(view, picture).astype(np.int16)
        if not index:
            return np.zeros_like(here)
        return here - self.frames[index - 1].pictures(view, picture)


class _Way(LazySequence[Pictures]):
    """One picture at each moment; see :meth:`Trajectory.way`."""

    def __init__(self, trajectory: Trajectory, name: str, picture: int) -> None:
        self._trajectory, self._name, self._picture = trajectory, name, picture
        self._length = len(trajectory)

    def __len__(self) -> int:
        return self._length

    def item(self, index: int, /) -> Pictures:
        return self._trajectory.picture(self._name, index, self._picture)


class Numbers(LazySequence[npt.NDArray[np.float16]]):
    """What a trajectory keeps of a view; see :meth:`Trajectory.numbers`."""

    def __init__(self, trajectory: Trajectory, view: View) -> None:
        self._frames, self._view = list(trajectory.frames), view

    def __len__(self) -> int:
        return len(self._frames)

    def item(self, index: int, /) -> npt.NDArray[np.float16]:
        """Return the numbers of a frame, (N, H, W, C)."""
        kept = self._frames[index].kept(self._view)
        if kept.dtype == np.uint8:
            return to_values(kept, SCALES[self._view]).astype(np.float16)
        return kept.view(np.float16)


class Process:
    """One trajectory, or several from the same noise that are walked in step.

    A *place* is where the slider stands. One trajectory has a place for each frame; several
    have one for each t that any of them stops at, and each then shows where it stands at that
    t.
    """

    def __init__(self, trajectories: Sequence[Trajectory] = ()) -> None:
        self.trajectories = list(trajectories)
        self._falling: list[int] = sorted({-t for one in trajectories for t in one.ts})

    def __len__(self) -> int:
        """Return the number of places."""
        if self.comparing:
            return len(self._falling)
        return len(self.trajectories[0]) if self.trajectories else 0

    @property
    def comparing(self) -> bool:
        """Whether there are several."""
        return len(self.trajectories) > 1

    @property
    def ready(self) -> bool:
        """Whether each has a frame to show."""
        return bool(self.trajectories) and all(map(len, self.trajectories))

    @property
    def finished(self) -> bool:
        """Whether each has been drawn to its end."""
        return bool(self.trajectories) and all(one.recipe for one in self.trajectories)

    @property
    def memory_bytes(self) -> int:
        """What all frames take."""
        return sum(one.memory_bytes for one in self.trajectories)

    def add(self, which: int, frame: FrameImages) -> None:
        """Give a trajectory its next frame."""
        self.trajectories[which].add(frame)
        place = bisect_left(self._falling, -frame.t)
        if place == len(self._falling) or self._falling[place] != -frame.t:
            self._falling.insert(place, -frame.t)

    def t(self, place: int) -> int:
        """Return the t of a place."""
        return -self._falling[place] if self.comparing else self.trajectories[0].frames[place].t

    def index(self, which: int, place: int) -> int:
        """Return the frame that a trajectory shows at a place."""
        return self.trajectories[which].index_at(self.t(place)) if self.comparing else place

    def place_at(self, t: int) -> int:
        """Return the place whose t is nearest."""
        return min(range(len(self)), key=lambda place: abs(self.t(place) - t), default=0)


def affordable(
    moments: int, picture_numbers: int, count: int, samplers: int = 1
) -> tuple[int, bool]:
    """Return how many moments can be kept within ``MEMORY_BUDGET``, at least 2, and how.

    Args:
        moments: how many are asked for.
        picture_numbers: H · W · C of one picture.
        count: pictures in each.
        samplers: trajectories side by side.

    Returns:
        The moments, and whether x̂_0 and ε̂ are to be kept as levels, so that more fit.
    """
    numbers = picture_numbers * count * samplers
    if moments * numbers * _EXACT_BYTES <= MEMORY_BUDGET:
        return moments, False
    return max(2, min(moments, MEMORY_BUDGET // (numbers * _COMPACT_BYTES))), True


def _kept(name: str) -> View:
    """Return a view that is kept.

    Raises:
        KeyError: if it is none.
    """
    return {str(view): view for view in KEPT}[name]


def _shown(change: Levels, gain: int) -> Pictures:
    return fully_seen(np.clip(change * gain + _MID_GRAY, 0, 255).astype(np.uint8))
