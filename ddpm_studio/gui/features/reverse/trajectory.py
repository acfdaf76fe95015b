"""The frames of reverse processes, kept to be scrubbed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ddpm_studio.jobs.events import FrameImages, Pictures
from ddpm_studio.picture_shape import fully_seen

Levels = npt.NDArray[np.int16]

VIEWS = ("x_t", "x0_hat", "eps", "dx_t", "dx0_hat")
"""What can be shown of a moment; the last two are changes since the moment before."""

MEMORY_BUDGET = 768 * 2**20
"""Bytes that all frames of the tab may take together."""

_KEPT = ("x_t", "x0_hat", "eps")
_DIFFERENCE_OF = {"dx_t": "x_t", "dx0_hat": "x0_hat"}
_MID_GRAY = 128
_MOST_GAIN = 64
_LOOKED_AT = 12
# ε̂ is kept with ±3 standard deviations as black and white, the others with ±1.
_SCALE = {"eps": 3.0}


@dataclass
class Trajectory:
    """Frames in the order of the process: the first is noise, the last the picture."""

    recipe: dict[str, object] = field(default_factory=dict)
    frames: list[FrameImages] = field(default_factory=list)
    title: str = ""
    _falling: list[int] = field(default_factory=list)
    _gains: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frames)

    def add(self, frame: FrameImages) -> None:
        """Take the next frame; its t is no higher than the last one's."""
        self.frames.append(frame)
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

        What is kept is not copied. A difference is shown around mid-gray, enlarged by
        :meth:`gain`; the first frame has none.
        """
        if name in _DIFFERENCE_OF:
            return _shown(self._difference(_DIFFERENCE_OF[name], index), self.gain(name))
        pictures: Pictures = getattr(self.frames[index], name)
        return fully_seen(pictures) if name == "eps" else pictures

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
            In the units of the process: x_t and x̂_0 are within −1..1 and ε̂ within −3..3 as
            shown, in steps of 1/127.5 of that; a difference is that of two such numbers.
        """
        if name in _DIFFERENCE_OF:
            levels = self._difference(_DIFFERENCE_OF[name], index)[place]
            return [float(level) / 127.5 for level in levels]
        scale = _SCALE.get(name, 1.0)
        levels = getattr(self.frames[index], name)[place]
        return [(float(level) / 127.5 - 1) * scale for level in levels]

    def way(self, name: str, picture: int) -> list[Pictures]:
        """One picture's way, a frame (H, W, C) each [DDPM Fig. 6]; nothing kept is copied."""
        if name not in _DIFFERENCE_OF:
            return [self.view(name, index)[picture] for index in range(len(self.frames))]
        way, gain = self.way(_DIFFERENCE_OF[name], picture), self.gain(name)
        return [_shown(_change(way, index), gain) for index in range(len(way))]

    @property
    def memory_bytes(self) -> int:
        """What the frames take."""
        return sum(getattr(frame, name).nbytes for frame in self.frames for name in _KEPT)

    def _difference(self, name: str, index: int) -> Levels:
        near = self.frames[max(0, index - 1) : index + 1]
        return _change([getattr(frame, name) for frame in near], len(near) - 1)


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


def affordable(moments: int, picture_bytes: int, count: int, samplers: int = 1) -> int:
    """Return how many moments can be kept within ``MEMORY_BUDGET``, at least 2.

    Args:
        moments: how many are asked for.
        picture_bytes: H · W · C of one picture.
        count: pictures in each.
        samplers: trajectories side by side.
    """
    each = len(_KEPT) * picture_bytes * count * samplers
    return max(2, min(moments, MEMORY_BUDGET // each))


def _change(pictures: Sequence[Pictures], index: int) -> Levels:
    """Return how far a frame is from the one before, in levels of 256; the first one not at all."""
    here = pictures[index].astype(np.int16)
    return here - pictures[index - 1] if index else np.zeros_like(here)


def _shown(change: Levels, gain: int) -> Pictures:
    return fully_seen(np.clip(change * gain + _MID_GRAY, 0, 255).astype(np.uint8))
