"""Frames of a reverse process: x_t, x̂_0 and ε̂ as numbers, made into pictures on demand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from ddpm_studio.picture_shape import with_opaque_alpha

Pictures = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float16]
View = Literal["x_t", "x0_hat", "eps"]

STORED_VIEWS: tuple[View, ...] = ("x_t", "x0_hat", "eps")
"""The quantities that a frame keeps."""

#: Value shown as white, its negative as black: 1, for ε̂ 3 standard deviations.
SCALES: dict[View, float] = {"x_t": 1.0, "x0_hat": 1.0, "eps": 3.0}


@dataclass(frozen=True, eq=False)
class FrameImages:
    """A frame, one state of a reverse process: x_t, x̂_0 and ε̂, each of shape (N, H, W, C).

    ``t`` counts as in the paper: T is noise, 0 the finished picture. Each is kept as float16 in
    the units of the process or, where memory was short, as the uint8 of its pictures;
    :meth:`values` returns numbers. The properties ``x_t``, ``x0_hat`` and ``eps`` are pictures,
    made on demand: ε̂ is shown with ±3 mapped to the pixel range, x_t and x̂_0 with ±1.
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
        """The predicted finished pictures x̂_0, uint8 (N, H, W, C)."""
        return self.pictures("x0_hat")

    @property
    def eps(self) -> Pictures:
        """The predicted noise ε̂ as pictures, uint8 (N, H, W, C)."""
        return self.pictures("eps")

    def kept(self, view: View) -> Numbers | Pictures:
        """Return the kept array without a copy, float16 or uint8 (N, H, W, C)."""
        array: Numbers | Pictures = getattr(self, f"{view}_kept")
        return array

    def pictures(self, view: View, picture: int | None = None) -> Pictures:
        """Return pictures, uint8 (N, H, W, C), or one, (H, W, C); not a copy if kept as such."""
        array = self.kept(view)
        if picture is not None:
            array = array[picture]
        return to_levels(array, SCALES[view])

    def for_display(self, view: View, picture: int | None = None) -> Pictures:
        """Return :meth:`pictures` for display: ε̂ with an opaque alpha channel, if it has one."""
        pictures = self.pictures(view, picture)
        return with_opaque_alpha(pictures) if view == "eps" else pictures

    def values(self, view: View) -> npt.NDArray[np.float32]:
        """Return numbers, float32 (N, H, W, C); from kept uint8 in steps of 1/127.5 · scale."""
        return to_values(self.kept(view), SCALES[view])

    @property
    def exact(self) -> bool:
        """Whether all three are kept as float16, not as uint8."""
        return all(self.kept(view).dtype != np.uint8 for view in STORED_VIEWS)

    @property
    def nbytes(self) -> int:
        """Memory of the kept arrays in bytes."""
        return sum(self.kept(view).nbytes for view in STORED_VIEWS)

    def compact(self) -> FrameImages:
        """Return a copy with x̂_0 and ε̂ quantised to uint8, in two thirds of the memory."""
        return FrameImages(self.index, self.total, self.t, self.x_t_kept, self.x0_hat, self.eps)


def to_levels(numbers: Numbers | Pictures, scale: float = 1.0) -> Pictures:
    """Quantise float16 to uint8: ±``scale`` becomes 0 and 255, values beyond are clamped.

    The result is that of :func:`ddpm_studio.engine.pixels.to_uint8`; uint8 is returned as it is.
    """
    if numbers.dtype == np.uint8:
        return numbers.view(np.uint8)
    levels: Pictures = _table(scale)[np.ascontiguousarray(numbers).view(np.uint16)]
    return levels


def to_values(stored: Numbers | Pictures, scale: float = 1.0) -> npt.NDArray[np.float32]:
    """Return float16 as float32, and uint8 levels as the middle of the interval of each."""
    values = stored.astype(np.float32)
    if stored.dtype == np.uint8:
        values = (values / np.float32(127.5) - 1) * np.float32(scale)
    return values


@lru_cache(maxsize=4)
def _table(scale: float) -> Pictures:
    """Return the uint8 level of each of the 65,536 values of float16, indexed by its bits."""
    numbers = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    with np.errstate(invalid="ignore"):  # Some of them are NaN.
        levels = np.rint(numbers * np.float32(127.5 / scale) + np.float32(127.5))
    clamped = np.nan_to_num(levels, nan=0.0, posinf=255, neginf=0).clip(0, 255)
    table: Pictures = clamped.astype(np.uint8)
    return table
