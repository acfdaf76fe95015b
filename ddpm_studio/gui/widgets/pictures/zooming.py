"""Steps of zoom: whole factors for small pictures, any factor for large ones."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, Qt

from ddpm_studio.gui.widgets.pictures.grid_layout import WHOLE, GridLayout

MOST = 64.0
"""Device pixels for one picture pixel, at most."""
ZOOM_KEYS: dict[int, int] = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
"""Keys that zoom, each with its notches of the wheel."""
_NOTCH = 120
_STEP = 1.25


class Look(NamedTuple):
    """How a grid is looked at: the zoom, None where all fits, and how far it is scrolled."""

    zoom: float | None = None
    right: int = 0
    down: int = 0


def next_zoom(zoom: float, steps: int, side: int) -> float:
    """Return the zoom that is some notches of the wheel away, up to :data:`MOST`.

    Args:
        zoom: device pixels for one picture pixel now.
        steps: notches; below 0 away from the picture.
        side: the longer side of a picture: up to :data:`WHOLE` pixels the zoom is whole from 1 on.
    """
    for _ in range(abs(steps)):
        wanted = zoom * _STEP if steps > 0 else zoom / _STEP
        if side <= WHOLE and max(zoom, wanted) > 1:
            wanted = max(zoom + 1, wanted) if steps > 0 else min(zoom - 1, wanted)
            wanted = max(1.0, float(round(wanted)))
        zoom = min(MOST, wanted)
    return zoom


def moved_by(before: GridLayout, after: GridLayout, point: QPointF) -> QPointF:
    """Return how far what lies at a point of the content moves from one layout to another.

    All in device pixels. Gaps are not enlarged, so it is the tile at the point that decides.
    """
    column = min(max(int((point.x() - before.left) // before.pitch_x), 0), before.columns - 1)
    row = min(max(int((point.y() - before.top) // before.pitch_y), 0), before.rows - 1)
    corner, corner_after = (
        before.origin(row * before.columns + column),
        after.origin(row * after.columns + column),
    )
    right = (point.x() - corner[0]) * after.tile_width / before.tile_width
    down = (point.y() - corner[1]) * after.tile_height / before.tile_height
    return QPointF(corner_after[0] + right, corner_after[1] + down) - point


class Notches:
    """Adds up what a wheel is turned, or a touchpad tells in small parts, to whole notches."""

    def __init__(self) -> None:
        self._turned = 0

    def add(self, angle: int) -> int:
        """Take an angle in eighths of a degree; returns how many notches it makes by now."""
        if angle * self._turned < 0:
            self._turned = 0
        self._turned += angle
        steps = int(self._turned / _NOTCH)
        self._turned -= steps * _NOTCH
        return steps
