"""Animation frames of a process, composed one by one, none of them kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np

from ddpm_studio.gui.features.reverse.trajectory import Process
from ddpm_studio.gui.platform.images import Pictures

_GAP = 8


class ProcessFrames(Sequence[Pictures]):
    """The frames (H, W, C) of what is shown, one for each place.

    Args:
        process: finished; it does not change any more.
        views: what to show, beside each other; below each other where samplers are compared.
        picture: this one alone; None: all, in a grid.
    """

    def __init__(self, process: Process, views: tuple[str, ...], picture: int | None) -> None:
        self._process, self._views, self._picture = process, views, picture

    def __len__(self) -> int:
        return len(self._process)

    @overload
    def __getitem__(self, place: int) -> Pictures: ...
    @overload
    def __getitem__(self, place: slice) -> list[Pictures]: ...
    def __getitem__(self, place: int | slice) -> Pictures | list[Pictures]:
        from ddpm_studio.export import make_grid

        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        place %= len(self)
        grids = []
        for view in self._views:
            for which, trajectory in enumerate(self._process.trajectories):
                pictures = trajectory.view(view, self._process.index(which, place))
                if self._picture is not None:
                    pictures = pictures[self._picture, None]
                grids.append(make_grid(pictures))
        across = len(self._process.trajectories) if self._process.comparing else len(grids)
        return make_grid(np.stack(grids), across, _GAP)
