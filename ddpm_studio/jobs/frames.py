"""Frames of a reverse process: numbers, of which pictures are made when they are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from ddpm_studio.picture_shape import fully_seen

Pictures = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float16]
View = Literal["x_t", "x0_hat", "eps"]

KEPT: tuple[View, ...] = ("x_t", "x0_hat", "eps")
"""What is kept of a moment."""

#: What is shown black and white: ±1, of ε̂ ±3 standard deviations.
SCALES: dict[View, float] = {"x_t": 1.0, "x0_hat": 1.0, "eps": 3.0}


@dataclass(frozen=True, eq=False)
class FrameImages:
    """One moment of a reverse process: x_t, x̂_0 and ε̂, shape (N, H, W, C).

    ``t`` counts as in the paper: T is noise, 0 the finished picture. What is kept of each is
    float16 in the units of the process or, where memory was short, the uint8 of its pictures;
    :meth:`values` are the numbers. ``x_t``, ``x0_hat`` and ``eps`` are pictures, made when they are
    asked for: ε̂ is shown with ±3 mapped to the pixel range, x_t and x̂_0 with ±1.
    """

    index: int
    total: int
    t: int
    x_t_kept: Numbers | Pictures
    x0_hat_kept: Numbers | Pictures
    eps_kept: Numbers | Pictures

    @property
    def x_t(self) -> Pictures:
        """The noisy pictures, uint8 (N, H, W, C)."""
        return self.pictures("x_t")

    @property
    def x0_hat(self) -> Pictures:
        """The pictures predicted from them, uint8 (N, H, W, C)."""
        return self.pictures("x0_hat")

    @property
    def eps(self) -> Pictures:
        """The noise predicted in them, uint8 (N, H, W, C)."""
        return self.pictures("eps")

    def kept(self, view: View) -> Numbers | Pictures:
        """Return what is kept, float16 or uint8 (N, H, W, C); not a copy."""
        found: Numbers | Pictures = getattr(self, f"{view}_kept")
        return found

    def pictures(self, view: View, picture: int | None = None) -> Pictures:
        """Return pictures, uint8 (N, H, W, C), or one of them (H, W, C); kept ones not copied."""
        kept = self.kept(view)
        if picture is not None:
            kept = kept[picture]
        return to_levels(kept, SCALES[view])

    def shown(self, view: View, picture: int | None = None) -> Pictures:
        """Return :meth:`pictures` as they are looked at: the alpha of ε̂, which is none, is full."""
        pictures = self.pictures(view, picture)
        return fully_seen(pictures) if view == "eps" else pictures

    def values(self, view: View) -> npt.NDArray[np.float32]:
        """Return the numbers, float32 (N, H, W, C); of kept levels in steps of 1/127.5 · scale."""
        return to_values(self.kept(view), SCALES[view])

    @property
    def exact(self) -> bool:
        """Whether all are kept as numbers."""
        return all(self.kept(view).dtype != np.uint8 for view in KEPT)

    @property
    def nbytes(self) -> int:
        """What it takes in memory."""
        return sum(self.kept(view).nbytes for view in KEPT)

    def compact(self) -> FrameImages:
        """Return it with x̂_0 and ε̂ as levels of 256, in two thirds of the memory."""
        return FrameImages(self.index, self.total, self.t, self.x_t_kept, self.x0_hat, self.eps)


def to_levels(numbers: Numbers | Pictures, scale: float = 1.0) -> Pictures:
    """Return float16 as levels: ±``scale`` becomes 0 and 255, what lies outside is clamped.

    They are those of :func:`ddpm_studio.engine.pixels.to_uint8`; levels are returned as they are.
    """
    if numbers.dtype == np.uint8:
        return numbers.view(np.uint8)
    levels: Pictures = _table(scale)[np.ascontiguousarray(numbers).view(np.uint16)]
    return levels


def to_values(kept: Numbers | Pictures, scale: float = 1.0) -> npt.NDArray[np.float32]:
    """Return float16 as float32, and levels of 256 as the middle of what each stands for."""
    values = kept.astype(np.float32)
    if kept.dtype == np.uint8:
        values = (values / np.float32(127.5) - 1) * np.float32(scale)
    return values


@lru_cache(maxsize=4)
def _table(scale: float) -> Pictures:
    """The level of each of the 65,536 numbers of float16, by its bits."""
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    with np.errstate(invalid="ignore"):  # Some of them are no numbers.
        levels = np.rint(numbers * np.float32(127.5 / scale) + np.float32(127.5))
    clamped = np.nan_to_num(levels, nan=0.0, posinf=255, neginf=0).clip(0, 255)
    table: Pictures = clamped.astype(np.uint8)
    return table
