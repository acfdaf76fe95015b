"""Scatter plot of points in the plane with a vector field, on which points can be drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot
from ddpm_studio.jobs.events import Points

_RANGE = 2.6
_MIN_SIDE = 240
_DATA_ALPHA = 90
# Arrows are drawn on a square grid with this many places a side.
_ARROWS = 19
_ARROW_LENGTH = 0.9
_PEN_STEP = 0.1


class PointPlot(QWidget):
    """Scatter plot of data points, of moving points in front of them, and of arrows.

    While ``drawing`` is on, pressing or dragging the mouse emits ``drawn`` with x and y for each
    point; so does Space at a cross that the arrow keys move, and Shift with an arrow key.

    Args:
        title: what is shown, for assistive tools.
        min_side: minimum side in logical pixels.
        parent: the owner.
    """

    drawn = Signal(float, float)

    def __init__(
        self, title: str, min_side: int = _MIN_SIDE, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._drawing = False
        self._pen = (0.0, 0.0)
        self.points: Points | None = None
        self.data: Points | None = None
        self.plot = ThemedPlot()
        self.plot.set_title(title)
        self.plot.fill(min_side)
        self._item = self.plot.getPlotItem()
        box = self._item.getViewBox()
        box.setAspectLocked(True)
        box.setMouseEnabled(x=False, y=False)
        box.setRange(xRange=(-_RANGE, _RANGE), yRange=(-_RANGE, _RANGE), padding=0)
        self._box = box
        is_small = min_side < _MIN_SIDE
        self._data = pg.ScatterPlotItem(size=3 if is_small else 4, pen=None)
        self._arrows, self._true_arrows = pg.PlotCurveItem(), pg.PlotCurveItem()
        self._paths = pg.PlotCurveItem()
        self._moving = pg.ScatterPlotItem(size=3 if is_small else 5, pen=None)
        self._cross = pg.ScatterPlotItem(size=14, symbol="+")
        for item in (
            self._data,
            self._true_arrows,
            self._arrows,
            self._moving,
            self._paths,
            self._cross,
        ):
            self._item.addItem(item)
        self._cross.hide()
        self.plot.viewport().installEventFilter(self)
        self.plot.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._retint()
        current_theme().changed.connect(self._retint)

    @staticmethod
    def grid_points() -> Points:
        """Return the grid of places at which arrows are drawn, shape (G, 2)."""
        line = np.linspace(-_RANGE, _RANGE, _ARROWS, dtype=np.float32)
        return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)

    def set_data(self, points: Points | None) -> None:
        """Show the data points, in a muted colour; None clears them."""
        self.data = points
        self._data.setData(pos=np.zeros((0, 2)) if points is None else points)

    def set_points(self, points: Points | None) -> None:
        """Show the moving points, in the accent colour; None clears them."""
        self.points = points
        self._moving.setData(pos=np.zeros((0, 2)) if points is None else points)

    def set_paths(self, states: Sequence[Points]) -> None:
        """Show the paths of N points through successive states, of shape (N, 2) each."""
        if len(states) < 2:
            self._paths.setData([], [])
            return
        paths = np.stack(states, axis=1)
        gap = np.full((len(paths), 1, 2), np.nan, paths.dtype)
        line = np.concatenate([paths, gap], axis=1).reshape(-1, 2)
        self._paths.setData(line[:, 0], line[:, 1], connect="finite")

    def set_arrows(self, vectors: Points | None, true: Points | None = None) -> None:
        """Show vectors at :meth:`grid_points`, and ``true`` ones to compare with, on one scale.

        The scale is logarithmic; the longest vector nearly fills a cell of the grid.
        """
        longest = max(
            (float(np.linalg.norm(v, axis=1).max()) for v in (vectors, true) if v is not None),
            default=0.0,
        )
        for item, field in ((self._arrows, vectors), (self._true_arrows, true)):
            x, y = ([], []) if field is None else _arrow_lines(self.grid_points(), field, longest)
            item.setData(x, y, connect="pairs")

    @property
    def drawing(self) -> bool:
        """Whether the mouse and the keys draw points."""
        return self._drawing

    @drawing.setter
    def drawing(self, on: bool) -> None:
        self._drawing = on
        self._cross.setVisible(on)
        self._cross.setData(pos=np.array([self._pen]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Draw with the mouse or the keys, while ``drawing`` is on."""
        if self.drawing and isinstance(event, QMouseEvent):
            pressed = event.type() == QEvent.Type.MouseButtonPress
            moved = event.type() == QEvent.Type.MouseMove
            if (pressed or moved) and event.buttons() & Qt.MouseButton.LeftButton:
                position = self._box.mapSceneToView(QPointF(event.position()))
                self.drawn.emit(position.x(), position.y())
                return True
        if self.drawing and isinstance(event, QKeyEvent) and watched is self.plot:
            pressed = event.type() == QEvent.Type.KeyPress
            if pressed and self._draw_by_key(event.key(), event.modifiers()):
                return True
        return super().eventFilter(watched, event)

    def _draw_by_key(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        steps: dict[int, tuple[float, float]] = {
            Qt.Key.Key_Left: (-_PEN_STEP, 0),
            Qt.Key.Key_Right: (_PEN_STEP, 0),
            Qt.Key.Key_Up: (0, _PEN_STEP),
            Qt.Key.Key_Down: (0, -_PEN_STEP),
            Qt.Key.Key_Space: (0, 0),
        }
        if key not in steps:
            return False
        dx, dy = steps[key]
        x, y = self._pen[0] + dx, self._pen[1] + dy
        self._pen = min(max(x, -_RANGE), _RANGE), min(max(y, -_RANGE), _RANGE)
        self._cross.setData(pos=np.array([self._pen]))
        if key == Qt.Key.Key_Space or modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.drawn.emit(*self._pen)
        return True

    def _retint(self) -> None:
        theme = current_theme()
        self.plot.retint()
        muted = QColor(theme.tokens.muted)
        muted.setAlpha(_DATA_ALPHA)
        self._data.setBrush(muted)
        self._moving.setBrush(QColor(theme.tokens.accent))
        self._arrows.setPen(pg.mkPen(theme.tokens.muted, width=1))
        self._true_arrows.setPen(pg.mkPen(theme.plot_color(1), width=1))
        self._paths.setPen(pg.mkPen(theme.plot_color(1), width=1))
        self._cross.setPen(pg.mkPen(theme.tokens.accent, width=2))


def _arrow_lines(grid_points: Points, vectors: Points, longest: float) -> tuple[Points, Points]:
    """Return x and y of the ends of the arrows' line segments, in pairs, shape (6G,) each."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    cell = 2 * _RANGE / (_ARROWS - 1) * _ARROW_LENGTH
    # Logarithmic lengths keep both short and long vectors visible.
    scaled_length = np.log1p(length) / np.log1p(longest + 1e-9) * cell
    arrows = vectors / np.maximum(length, 1e-9) * scaled_length
    tips = grid_points + arrows
    normals = np.stack([-arrows[:, 1], arrows[:, 0]], axis=1)
    bases = tips - 0.3 * arrows
    parts = [grid_points, tips, tips, bases + 0.15 * normals, tips, bases - 0.15 * normals]
    lines = np.stack(parts, axis=1).reshape(-1, 2)
    return lines[:, 0], lines[:, 1]
