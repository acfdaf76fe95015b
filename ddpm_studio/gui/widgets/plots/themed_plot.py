"""Base class of pyqtgraph plots: a PlotWidget in the theme's colours."""

from __future__ import annotations

from collections.abc import Mapping

import pyqtgraph as pg
from PySide6.QtWidgets import QSizePolicy, QWidget

from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.widgets.plots.plot_axis import add_margins, style_axis

_LEFT_WIDTH = 52


class ThemedPlot(pg.PlotWidget):  # type: ignore[misc]
    """PlotWidget in the theme's colours, without menu and buttons; the window gets its drops.

    Its owner must call :meth:`retint` when the theme changes.

    Args:
        axes: the axes ``left`` and ``bottom``; None: no axes.
        parent: the owner.
    """

    def __init__(
        self, axes: Mapping[str, pg.AxisItem] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, axisItems=dict(axes or {}))
        self.setAcceptDrops(False)
        self._sides = tuple(axes or ())
        item = self.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        if axes is None:
            item.hideAxis("left")
            item.hideAxis("bottom")
            return
        add_margins(item)
        for axis in axes.values():
            style_axis(axis)
        item.getAxis("left").setWidth(_LEFT_WIDTH)

    def set_title(self, title: str) -> None:
        """Set the accessible name."""
        self.setAccessibleName(title)
        self.viewport().setAccessibleName(title)

    def fill(self, min_side: int) -> None:
        """Fill the available space, no side below ``min_side`` logical pixels.

        Its default size hint is so large that an enclosing scroll area would scroll, and docks
        would be squeezed.
        """
        self.setMinimumSize(min_side, min_side)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)

    def retint(self) -> None:
        """Apply the theme's colours to the background and the axes."""
        tokens = current_theme().tokens
        self.setBackground(tokens.panel)
        for side in self._sides:
            axis = self.getPlotItem().getAxis(side)
            axis.setPen(pg.mkPen(tokens.line, width=1))
            axis.setTextPen(tokens.muted)
