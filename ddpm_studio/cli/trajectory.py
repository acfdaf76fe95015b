"""An animation of a reverse process, recorded while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from ddpm_studio import export
from ddpm_studio.cli.target import write_animation
from ddpm_studio.jobs.drawing.picture_files import frame_grid
from ddpm_studio.requests import (
    AnimationOptions,
    GridOptions,
    InpaintRequest,
    SampleRequest,
    ShareRequest,
    ViewOptions,
)

if TYPE_CHECKING:
    from ddpm_studio.export.grid import Pictures
    from ddpm_studio.jobs.events import Event

RequestT = TypeVar("RequestT", SampleRequest, ShareRequest, InpaintRequest)

_FRAMES = 60
_MOST = 10_000
# Slowing down needs moments that lie closer together than even ones.
_DENSER = 3


class Trajectory:
    """Keeps the moments of a process that an animation will show.

    Args:
        path: the file to write; None: nothing is kept.
        view: what to show.
        animation: its timing.
        grid: its layout.

    Raises:
        StudioError: if the file can't be written.
    """

    def __init__(
        self,
        path: Path | None,
        view: ViewOptions,
        animation: AnimationOptions,
        grid: GridOptions,
    ) -> None:
        if path is not None:
            export.check_animation(path)
        self.path = path
        self._view = view
        self._animation = animation
        self._grid = grid
        self._count = 0
        self._frames: list[Pictures] = []

    def ask(self, request: RequestT) -> RequestT:
        """Return the request with as many moments as the animation needs.

        Raises:
            typer.BadParameter: if moments are asked for, but no animation.
        """
        if self.path is None:
            if request.frames:
                raise typer.BadParameter("name the animation with --gif.", param_hint="'--frames'")
            return request
        self._count = max(2, request.frames or _FRAMES)
        even = self._animation.easing == "linear"
        moments = self._count if even else min(_MOST, _DENSER * self._count)
        return request.model_copy(update={"frames": moments})

    def __call__(self, event: Event) -> None:
        """Keep what the job shows."""
        from ddpm_studio.jobs.events import FrameImages

        if not isinstance(event, FrameImages) or self.path is None:
            return
        self._frames.append(frame_grid(event, self._view, self._grid))

    def write(self, recipe: dict[str, object]) -> list[Path]:
        """Write the animation, if one is asked for, and return the files written.

        Raises:
            StudioError: if it can't be written.
        """
        if self.path is None:
            return []
        write_animation(
            self.path,
            self._frames,
            self._animation,
            self._grid,
            recipe=recipe,
            count=min(self._count, len(self._frames)),
        )
        return [self.path]
