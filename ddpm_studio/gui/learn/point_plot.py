"""Points of the plane with arrows between them, and a hand that draws more."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme import current_theme
from ddpm_studio.jobs.events import Points

_RANGE = 2.6
_LEAST = 240
_DATA_ALPHA = 90
# Where the arrows stand: a grid of this side.
_ARROWS = 19
_ARROW_LENGTH = 0.9


class PointPlot(QWidget):
    """Shows data points, other points before them, and arrows.

    While ``drawing`` is on, a pressed mouse leaves points, which ``drawn`` tells one by one.

    Args:
        title: what is shown, for assistive tools.
        parent: the owner.
    """

    drawn = Signal(float, float)

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.drawing = False
        self.points: Points | None = None
        self.plot = pg.PlotWidget()
        for widget in (self.plot, self.plot.viewport()):
            widget.setAccessibleName(title)
        self.plot.setMinimumSize(_LEAST, _LEAST)
        self._item = self.plot.getPlotItem()
        self._item.setMenuEnabled(False)
        self._item.hideButtons()
        self._item.hideAxis("left")
        self._item.hideAxis("bottom")
        box = self._item.getViewBox()
        box.setAspectLocked(True)
        box.setMouseEnabled(x=False, y=False)
        box.setRange(xRange=(-_RANGE, _RANGE), yRange=(-_RANGE, _RANGE), padding=0)
        self._box = box
        self._data = pg.ScatterPlotItem(size=4, pen=None)
        self._arrows = pg.PlotCurveItem()
        self._moving = pg.ScatterPlotItem(size=5, pen=None)
        for item in (self._data, self._arrows, self._moving):
            self._item.addItem(item)
        self.plot.viewport().installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._retint()
        current_theme().changed.connect(self._retint)

    @staticmethod
    def places() -> Points:
        """Where arrows can stand, shape (G, 2)."""
        line = np.linspace(-_RANGE, _RANGE, _ARROWS, dtype=np.float32)
        return np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)

    def set_data(self, points: Points | None) -> None:
        """Show the data, muted; None: nothing."""
        self._data.setData(pos=np.zeros((0, 2)) if points is None else points)

    def set_points(self, points: Points | None) -> None:
        """Show what moves, in the accent colour; None: nothing."""
        self.points = points
        self._moving.setData(pos=np.zeros((0, 2)) if points is None else points)

    def set_arrows(self, vectors: Points | None) -> None:
        """Show vectors at :meth:`places`; long ones are drawn as long as there is room."""
        if vectors is None:
            self._arrows.setData([], [])
            return
        places = self.places()
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        cell = 2 * _RANGE / (_ARROWS - 1) * _ARROW_LENGTH
        # The logarithm lets far and near be seen in one picture.
        shown = np.log1p(length) / np.log1p(length.max() + 1e-9) * cell
        way = vectors / np.maximum(length, 1e-9) * shown
        ends = places + way
        left = np.stack([-way[:, 1], way[:, 0]], axis=1)
        back = ends - 0.3 * way
        parts = [places, ends, ends, back + 0.15 * left, ends, back - 0.15 * left]
        lines = np.stack(parts, axis=1).reshape(-1, 2)
        self._arrows.setData(lines[:, 0], lines[:, 1], connect="pairs")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Draw with the mouse."""
        if self.drawing and isinstance(event, QMouseEvent):
            pressed = event.type() == QEvent.Type.MouseButtonPress
            moved = event.type() == QEvent.Type.MouseMove
            if (pressed or moved) and event.buttons() & Qt.MouseButton.LeftButton:
                place = self._box.mapSceneToView(QPointF(event.position()))
                self.drawn.emit(place.x(), place.y())
                return True
        return super().eventFilter(watched, event)

    def _retint(self) -> None:
        theme = current_theme()
        self.plot.setBackground(theme.tokens.panel)
        muted = QColor(theme.tokens.muted)
        muted.setAlpha(_DATA_ALPHA)
        self._data.setBrush(muted)
        self._moving.setBrush(QColor(theme.tokens.accent))
        self._arrows.setPen(pg.mkPen(theme.tokens.muted, width=1))
