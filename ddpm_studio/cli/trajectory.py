"""Recorder of reverse-process trajectories, for an animation and an array file."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from ddpm_studio import export
from ddpm_studio.cli.output_files import NAME_GIF, reject_unused_options, write_animation
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs.drawing.picture_files import frame_grid
from ddpm_studio.requests import (
    AnimationOptions,
    ArrayOptions,
    GridOptions,
    InpaintRequest,
    SampleRequest,
    ShareRequest,
    ViewOptions,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ddpm_studio.export.grid import Pictures
    from ddpm_studio.jobs.events import Event

RequestT = TypeVar("RequestT", SampleRequest, ShareRequest, InpaintRequest)

_DEFAULT_FRAMES = 60
_MAX_FRAMES = 10_000
# Easing (slowing down) needs intermediate states closer together than even ones, to which it adds
# as many between two of them.
_EASING_OVERSAMPLING = 3


class TrajectoryRecorder:
    """Event listener that keeps intermediate states of a reverse process, and writes them.

    Args:
        given: the options that were named.
        path: the animation to write; None: none.
        view: content of the animation.
        animation: its timing.
        grid: its layout.
        npy: the ``.npy`` file to write; None: none.
        array_options: content of the ``.npy`` file.

    Raises:
        StudioError: if a file can't be written.
        typer.BadParameter: for options of a file that is not requested.
    """

    def __init__(
        self,
        given: Collection[str],
        path: Path | None,
        view: ViewOptions,
        animation: AnimationOptions,
        grid: GridOptions,
        npy: Path | None,
        array_options: ArrayOptions,
    ) -> None:
        reject_unused_options(given, path, NAME_GIF, AnimationOptions, ViewOptions)
        reject_unused_options(given, npy, "name the array with --npy", ArrayOptions)
        if path is not None:
            export.check_animation(path)
        if npy is not None:
            export.check_destination(npy, {export.NPY})
        self.path, self.npy = path, npy
        self._view, self._npy_view = view, array_options.npy_view
        self._animation = animation
        self._grid = grid
        self._count = 0
        self._frames: list[Pictures] = []
        self._arrays: list[npt.NDArray[np.generic]] = []

    def with_frames(self, request: RequestT) -> RequestT:
        """Return the request with as many frames (intermediate states) as the files need.

        Raises:
            typer.BadParameter: if frames are requested, but no file to write them to.
        """
        if self.path is None and self.npy is None:
            if request.frames:
                raise typer.BadParameter(
                    "name the animation with --gif, or an array with --npy.",
                    param_hint="'--frames'",
                )
            return request
        self._count = max(2, request.frames or _DEFAULT_FRAMES)
        is_even = self._animation.easing == "linear" or self.path is None
        oversampled = min(_MAX_FRAMES, _EASING_OVERSAMPLING * (self._count - 1) + 1)
        frames = self._count if is_even else oversampled
        return request.model_copy(update={"frames": frames})

    def __call__(self, event: Event) -> None:
        """Store the frames of an event."""
        from ddpm_studio.jobs.events import FrameImages

        if not isinstance(event, FrameImages):
            return
        if self.path is not None:
            self._frames.append(frame_grid(event, self._view, self._grid))
        if self.npy is not None:
            self._arrays.append(event.kept(self._npy_view))

    def write(self, recipe: dict[str, object]) -> list[Path]:
        """Write the requested files, and return their paths.

        Args:
            recipe: the recipe to store in the animation.

        Raises:
            StudioError: if a file can't be written.
        """
        paths = []
        if self.path is not None:
            count = min(self._count, len(self._frames))
            write_animation(
                self.path, self._frames, self._animation, self._grid, recipe=recipe, count=count
            )
            paths.append(self.path)
        if self.npy is not None:
            total = len(self._arrays)
            indices = export.choose_frames(total, min(self._count, total))
            finish(export.save_npy(self.npy, [self._arrays[index] for index in indices]))
            paths.append(self.npy)
        return paths
