"""Line plot of one or more curves that can be moved and zoomed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.theme import current_theme

if TYPE_CHECKING:
    from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

Curve = npt.NDArray[np.float64]

_BOTTOM_HEIGHT = 34
_DOTS_UP_TO, _LEAST = 40, 96
# A step that costs nothing would lie at −∞ of a logarithmic axis.
_TINY = 1e-9


class CurvePlot(QWidget):
    """Curves over one axis; it can be moved and zoomed, new curves show all again.

    Without curves it is an empty field: pyqtgraph, which takes long to import, comes with them.

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
        self.setMinimumSize(_LEAST, _LEAST)
        self._labels = {"bottom": x, "left": y}
        self._log = log
        self._curves: list[tuple[Curve, Curve]] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        current_theme().changed.connect(self._retint)

    @cached_property
    def plot(self) -> ThemedPlot:
        """What they are drawn on, made when it is first needed."""
        from ddpm_studio.gui.widgets.plots.plot_axis import DecadeAxis
        from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

        plot = ThemedPlot({side: DecadeAxis(side) for side in ("bottom", "left")})
        plot.set_title(self.accessibleName())
        plot.fill(_LEAST)
        plot.setLogMode(x="x" in self._log, y="y" in self._log)
        plot.getPlotItem().getAxis("bottom").setHeight(_BOTTOM_HEIGHT)
        self._layout.addWidget(plot)
        # At once, not with the next events: curves are drawn for the room there is.
        plot.show()
        self._layout.activate()
        return plot

    def set_curves(self, curves: Sequence[tuple[Sequence[float], Sequence[float]]]) -> None:
        """Show these (x, y), each in a colour of its own, and all of them in view."""
        self._curves = [(np.array(x, float), np.array(y, float)) for x, y in curves]
        self._retint()
        if self._is_made:
            self._show_all()

    @property
    def curves(self) -> list[tuple[Curve, Curve]]:
        """What is shown."""
        return self._curves

    @property
    def _is_made(self) -> bool:
        return "plot" in self.__dict__

    def _show_all(self) -> None:
        """Let the axes hold all values; of a lone one, 0 and as much beyond it."""
        box = self.plot.getPlotItem().getViewBox()
        box.enableAutoRange()
        for axis, show, values in zip(
            "xy", (box.setXRange, box.setYRange), zip(*self._curves, strict=True), strict=False
        ):
            found = np.unique(np.concatenate(values))
            if len(found) == 1 and axis not in self._log:
                # By itself it would be in the middle of 1, with fractions of a step as ticks.
                end = 2 * found[0] or 1.0
                show(min(0.0, end), max(0.0, end), padding=0)

    def _draw(self) -> None:
        import pyqtgraph as pg

        theme, item = current_theme(), self.plot.getPlotItem()
        item.clear()
        for number, (x, y) in enumerate(self._curves):
            colour = theme.plot_color(number)
            dots = {"symbol": "o", "symbolSize": 5, "symbolPen": None, "symbolBrush": colour}
            item.plot(
                np.maximum(x, _TINY) if "x" in self._log else x,
                np.maximum(y, _TINY) if "y" in self._log else y,
                pen=pg.mkPen(colour, width=2),
                **(dots if len(x) <= _DOTS_UP_TO else {}),
            )

    def _retint(self) -> None:
        if not (self._curves or self._is_made):
            return
        self.plot.retint()
        for side, text in self._labels.items():
            self.plot.getPlotItem().setLabel(side, text, color=current_theme().tokens.muted)
        self._draw()
