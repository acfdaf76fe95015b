"""Line plot of one or more curves that can be moved and zoomed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.plots.plot_axis import DecadeAxis
from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

Curve = npt.NDArray[np.float64]

_BOTTOM_HEIGHT = 34
_DOTS_UP_TO, _LEAST = 40, 96
# A step that costs nothing would lie at −∞ of a logarithmic axis.
_TINY = 1e-9


class CurvePlot(QWidget):
    """Curves over one axis; it can be moved and zoomed, new curves show all again.

    Args:
        title: what is shown, for assistive tools.
        x: the label of the horizontal axis.
        y: the label of the vertical axis.
        log: which axes are logarithmic, such as ``xy``; their values are above 0.
        parent: the owner.
    """

    def __init__(
        self, title: str, x: str, y: str, log: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.plot = ThemedPlot({side: DecadeAxis(side) for side in ("bottom", "left")})
        self.plot.set_title(title)
        self.plot.fill(_LEAST)
        self.plot.setLogMode(x="x" in log, y="y" in log)
        self._item = self.plot.getPlotItem()
        self._labels = {"bottom": x, "left": y}
        self._item.getAxis("bottom").setHeight(_BOTTOM_HEIGHT)
        self._log = log
        self._curves: list[tuple[Curve, Curve]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plot)
        self._retint()
        current_theme().changed.connect(self._retint)

    def set_curves(self, curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> None:
        """Show these (x, y), each in a colour of its own, and all of them in view."""
        self._curves = [(np.array(x, float), np.array(y, float)) for x, y in curves]
        self._draw()
        self._item.getViewBox().enableAutoRange()

    @property
    def curves(self) -> list[tuple[Curve, Curve]]:
        """What is shown."""
        return self._curves

    def _draw(self) -> None:
        theme = current_theme()
        self._item.clear()
        for number, (x, y) in enumerate(self._curves):
            colour = theme.plot_color(number)
            dots = {"symbol": "o", "symbolSize": 5, "symbolPen": None, "symbolBrush": colour}
            self._item.plot(
                np.maximum(x, _TINY) if "x" in self._log else x,
                np.maximum(y, _TINY) if "y" in self._log else y,
                pen=pg.mkPen(colour, width=2),
                **(dots if len(x) <= _DOTS_UP_TO else {}),
            )

    def _retint(self) -> None:
        self.plot.retint()
        for side, text in self._labels.items():
            self._item.setLabel(side, text, color=current_theme().tokens.muted)
        self._draw()
