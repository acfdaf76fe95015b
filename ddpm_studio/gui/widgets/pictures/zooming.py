"""Zoom levels: integer factors for small pictures, any factor for large ones."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, Qt

from ddpm_studio.gui.widgets.pictures.grid_layout import MAX_INTEGER_ZOOM_SIDE, GridLayout

MAX_ZOOM = 64.0
"""Maximum zoom: device pixels per picture pixel."""
ZOOM_KEYS: dict[int, int] = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1}
"""Zoom keys, each with the notches of the wheel that it stands for."""
_NOTCH = 120
_STEP = 1.25


class ViewState(NamedTuple):
    """Zoom and scroll position of a grid; zoom None: everything fits into the view."""

    zoom: float | None = None
    right: int = 0
    down: int = 0


def next_zoom(zoom: float, steps: int, side: int) -> float:
    """Return the zoom after some notches of the wheel, up to :data:`MAX_ZOOM`.

    Args:
        zoom: current zoom, device pixels per picture pixel.
        steps: number of notches; negative: zoom out.
        side: longer side of a picture; up to :data:`MAX_INTEGER_ZOOM_SIDE`, zooms above 1 are
            integers.
    """
    for _ in range(abs(steps)):
        new_zoom = zoom * _STEP if steps > 0 else zoom / _STEP
        if side <= MAX_INTEGER_ZOOM_SIDE and max(zoom, new_zoom) > 1:
            new_zoom = max(zoom + 1, new_zoom) if steps > 0 else min(zoom - 1, new_zoom)
            new_zoom = max(1.0, float(round(new_zoom)))
        zoom = min(MAX_ZOOM, new_zoom)
    return zoom


def displacement(old: GridLayout, new: GridLayout, point: QPointF) -> QPointF:
    """Return the displacement of a content point from one layout to another.

    All in device pixels. Gaps are not scaled, so the point is taken relative to its tile.
    """
    column = min(max(int((point.x() - old.left) // old.pitch_x), 0), old.columns - 1)
    row = min(max(int((point.y() - old.top) // old.pitch_y), 0), old.rows - 1)
    corner = old.origin(row * old.columns + column)
    corner_after = new.origin(row * new.columns + column)
    right = (point.x() - corner[0]) * new.tile_width / old.tile_width
    down = (point.y() - corner[1]) * new.tile_height / old.tile_height
    return QPointF(corner_after[0] + right, corner_after[1] + down) - point


class WheelAccumulator:
    """Accumulates wheel and touchpad angles to whole notches."""

    def __init__(self) -> None:
        self._angle = 0

    def add(self, angle: int) -> int:
        """Add an angle in eighths of a degree; return the number of completed notches."""
        if angle * self._angle < 0:
            self._angle = 0
        self._angle += angle
        steps = int(self._angle / _NOTCH)
        self._angle -= steps * _NOTCH
        return steps
