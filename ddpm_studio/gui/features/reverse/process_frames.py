"""Animation frames of a reverse process, composed lazily, without keeping them in memory."""

from __future__ import annotations

import numpy as np

from ddpm_studio.gui.features.reverse.trajectory import Process
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.lazy_sequence import LazySequence

_GAP = 8


class ProcessFrames(LazySequence[Pictures]):
    """Lazy sequence of animation frames (H, W, C), one for each position of a process.

    Args:
        process: a finished process, which does not change any more.
        views: the views to show, side by side; one below the other if samplers are compared.
        picture: index of the only picture to show; None: all, in a grid.
    """

    def __init__(self, process: Process, views: tuple[str, ...], picture: int | None) -> None:
        self._process, self._views, self._picture = process, views, picture

    def __len__(self) -> int:
        return len(self._process)

    def item(self, position: int, /) -> Pictures:
        """Compose the frame of a position."""
        from ddpm_studio.export import make_grid

        grids = []
        for view in self._views:
            for number, trajectory in enumerate(self._process.trajectories):
                pictures = trajectory.view(view, self._process.index(number, position))
                if self._picture is not None:
                    pictures = pictures[self._picture, None]
                grids.append(make_grid(pictures))
        columns = len(self._process.trajectories) if self._process.comparing else len(grids)
        return make_grid(np.stack(grids), columns, _GAP)
