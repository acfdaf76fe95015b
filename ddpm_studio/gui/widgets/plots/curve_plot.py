"""Line plot of one or more curves, with pan and zoom."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.gui.theme.theme import current_theme

if TYPE_CHECKING:
    from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

Values = npt.NDArray[np.float64]
Points = tuple[Sequence[float], Sequence[float]]

_BOTTOM_HEIGHT = 34
_DOTS_UP_TO, _MIN_SIDE = 40, 96
# Least value on a logarithmic axis, where 0 would be at −∞.
_TINY = 1e-9


class CurvePlot(QWidget):
    """Line plot of curves with pan and zoom; new curves reset the view.

    Empty without curves: pyqtgraph, which is slow to import, is loaded with the first ones.

    Args:
        title: accessible name.
        x: the label of the horizontal axis.
        y: the label of the vertical axis.
        log: the logarithmic axes, such as ``xy``; their values are clamped to at least 1e-9.
        parent: the owner.
    """

    def __init__(
        self, title: str, x: str, y: str, log: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setMinimumSize(_MIN_SIDE, _MIN_SIDE)
        self._labels = {"bottom": x, "left": y}
        self._log = log
        self._curves: list[tuple[Values, Values]] = []
        self._levels: list[tuple[Values, Values]] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        current_theme().changed.connect(self._retint)

    @cached_property
    def plot(self) -> ThemedPlot:
        """The pyqtgraph plot, created on first access."""
        from ddpm_studio.gui.widgets.plots.plot_axis import DecadeAxis
        from ddpm_studio.gui.widgets.plots.themed_plot import ThemedPlot

        plot = ThemedPlot({side: DecadeAxis(side) for side in ("bottom", "left")})
        plot.set_title(self.accessibleName())
        plot.fill(_MIN_SIDE)
        plot.setLogMode(x="x" in self._log, y="y" in self._log)
        plot.getPlotItem().getAxis("bottom").setHeight(_BOTTOM_HEIGHT)
        self._layout.addWidget(plot)
        # Lay out now, not with the next events: curves are drawn for the actual size.
        plot.show()
        self._layout.activate()
        return plot

    def set_curves(self, curves: Sequence[Points], levels: Sequence[Points] = ()) -> None:
        """Show curves (x, y), each in its own colour, and fit the view to them.

        Args:
            curves: the curves.
            levels: dashed reference curves, each in the colour of the curve at the same place.
        """
        self._curves, self._levels = _arrays(curves), _arrays(levels)
        self._retint()
        if self._is_created:
            self._show_all()

    @property
    def curves(self) -> list[tuple[Values, Values]]:
        """The curves shown, as (x, y) arrays."""
        return self._curves

    @property
    def levels(self) -> list[tuple[Values, Values]]:
        """The dashed reference curves shown, as (x, y) arrays."""
        return self._levels

    @property
    def _is_created(self) -> bool:
        return "plot" in self.__dict__

    def _show_all(self) -> None:
        """Fit the axes to all values; a single value v gets the range from 0 to 2v."""
        box = self.plot.getPlotItem().getViewBox()
        box.enableAutoRange()
        for axis, show, values in zip(
            "xy",
            (box.setXRange, box.setYRange),
            zip(*self._curves, *self._levels, strict=True),
            strict=False,
        ):
            found = np.unique(np.concatenate(values))
            if len(found) == 1 and axis not in self._log:
                # Auto-range would centre it in a range of 1, with fractions of a step as ticks.
                end = 2 * found[0] or 1.0
                show(min(0.0, end), max(0.0, end), padding=0)

    def _draw(self) -> None:
        import pyqtgraph as pg

        theme, item = current_theme(), self.plot.getPlotItem()
        item.clear()
        for shown, style in (
            (self._levels, Qt.PenStyle.DashLine),
            (self._curves, Qt.PenStyle.SolidLine),
        ):
            for number, (x, y) in enumerate(shown):
                colour = theme.plot_color(number)
                dots = {"symbol": "o", "symbolSize": 5, "symbolPen": None, "symbolBrush": colour}
                item.plot(
                    np.maximum(x, _TINY) if "x" in self._log else x,
                    np.maximum(y, _TINY) if "y" in self._log else y,
                    pen=pg.mkPen(colour, width=2, style=style),
                    **(dots if len(x) <= _DOTS_UP_TO else {}),
                )

    def _retint(self) -> None:
        if not (self._curves or self._is_created):
            return
        self.plot.retint()
        for side, text in self._labels.items():
            self.plot.getPlotItem().setLabel(side, text, color=current_theme().tokens.muted)
        self._draw()


def _arrays(curves: Sequence[Points]) -> list[tuple[Values, Values]]:
    return [(np.array(x, float), np.array(y, float)) for x, y in curves]
