"""Interpolation exports: as a square, a recorded trail, a path, or rows from A to B."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ddpm_studio.gui.features.common.exporting import Export
from ddpm_studio.gui.features.interpolate.mix_view import MixView
from ddpm_studio.gui.features.interpolate.path_view import FPS, PathView
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.jobs.events import DrawingResult


def mixed_export(
    drawn: DrawingResult,
    mode: str,
    view: MixView,
    path: PathView,
    index: int,
    columns: int,
) -> Export:
    """Return the exportable content of an interpolation.

    Args:
        drawn: the finished drawing.
        mode: its interpolation mode, see :class:`MixChoices`.
        view: the view of two or four pictures, with the recorded trail among four.
        path: the view of a path.
        index: index of the current picture in the rows.
        columns: number of columns of the rows.
    """
    if view.trail.text:
        return trail_export(drawn, view.trail.position)
    if mode in ("corners", "pad"):
        return square_export(drawn, max(0, view.preview.current), mode)
    if mode == "path":
        return path_export(drawn, path.strip.current, closed=path.closed.isChecked())
    return rows_export(drawn, index, columns)


def square_export(drawn: DrawingResult, current: int, mode: str) -> Export:
    """Return the export of a square among four pictures, or of one point in it."""
    stem = "four corners" if mode == "corners" else "between four"
    columns = math.isqrt(len(drawn.pictures))
    return Export(drawn.pictures, drawn.recipe, current, columns=columns, stem=stem)


def trail_export(drawn: DrawingResult, current: int) -> Export:
    """Return the export of a recorded trail, animated at its recorded speed."""
    return Export(
        drawn.pictures,
        drawn.recipe,
        current,
        frames=lambda: list(drawn.pictures),
        fps=FPS,
        hold_last_seconds=0,
        stem="recorded path",
    )


def path_export(drawn: DrawingResult, current: int, *, closed: bool) -> Export:
    """Return the export of a path, animated forwards and backwards unless it is ``closed``."""
    forwards = list(drawn.pictures)
    return Export(
        drawn.pictures,
        drawn.recipe,
        current,
        frames=lambda: forwards if closed else forwards + forwards[-2:0:-1],
        fps=FPS,
        hold_last_seconds=0,
        stem="path",
    )


def rows_export(drawn: DrawingResult, current: int, columns: int) -> Export:
    """Return the export of rows, animated column by column, forwards and backwards."""

    def frames() -> Sequence[Pictures]:
        from ddpm_studio.export import make_grid

        forwards = [make_grid(drawn.pictures[k::columns], 1) for k in range(columns)]
        return forwards + forwards[-2:0:-1]

    return Export(
        drawn.pictures,
        drawn.recipe,
        current,
        columns=columns,
        frames=frames,
        fps=max(8.0, columns / 2.0),
        hold_last_seconds=0,
        stem="interpolate",
    )
