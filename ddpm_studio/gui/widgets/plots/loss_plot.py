"""Loss curves, raw and smoothed, of one or several runs."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from ddpm_studio.backend.rows import Losses, Numbers
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import IconLabel, name, tool_button
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.plots.legend import Legend, PlotCaption, dot
from ddpm_studio.gui.widgets.plots.loss_series import LossPoint, LossSeries

if TYPE_CHECKING:
    from ddpm_studio.gui.widgets.plots.loss_canvas import LossCanvas

_REDRAW_MS = 100
# Drawing new losses takes at most this share of the time, but waits no longer than this.
_SHARE, _LATEST_MS = 0.01, 3000
_SLIDER = 100
_DECADES = 3


class LossPlot(QWidget):
    """Loss curves of runs by name, overlaid, each always in the same colour.

    Drag pans, the wheel zooms, a double click or Home resets the view; arrows, + and − pan and zoom
    from the keyboard. Redrawing is throttled to ten times a second, for new losses to less if
    drawing is slow, and suspended while the widget is hidden.
    """

    hovered = Signal(object)
    """Emitted with the step under the pointer, or None."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._series: dict[str, LossSeries] = {}
        self._order: dict[str, int] = {}
        self._held_out: dict[str, tuple[Numbers, Numbers]] = {}
        self._stale: set[str] = set()
        self._canvas: LossCanvas | None = None
        self._cursor: float | None = None
        self._timer = QTimer(self, singleShot=True)
        self._redraw_delay_ms = _REDRAW_MS
        self._timer.timeout.connect(self._redraw)
        self.readout, self.legend = PlotCaption(), Legend()
        self.log_button = QToolButton()
        self.log_button.setText(self.tr("log"))
        self.log_button.setCheckable(True)
        self.log_button.setChecked(True)
        self.log_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        name(self.log_button, self.tr("Logarithmic"), self.tr("Logarithmic axis for the loss"))
        self.log_button.toggled.connect(self._on_log)
        self.outliers_button = QToolButton()
        self.outliers_button.setText(self.tr("outliers"))
        self.outliers_button.setCheckable(True)
        self.outliers_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        name(
            self.outliers_button,
            self.tr("Outliers"),
            self.tr("Extend the range to rare losses"),
        )
        self.outliers_button.toggled.connect(self._on_outliers)
        self.smoothing_slider = Slider()
        self.smoothing_slider.setRange(0, _SLIDER)
        self.smoothing_slider.setFixedWidth(72)
        self.smoothing_slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.reset_button = tool_button(
            "maximize", self.tr("Show all"), self.tr("Show the whole curve again")
        )
        self.reset_button.clicked.connect(self.reset_view)
        self._stack = QStackedLayout()
        header = QHBoxLayout()
        header.setSpacing(SPACE_S)
        header.addWidget(self.readout, 1)
        header.addWidget(IconLabel("spline", 14))
        header.addWidget(self.smoothing_slider)
        header.addWidget(self.log_button)
        header.addWidget(self.outliers_button)
        header.addWidget(self.reset_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(header)
        layout.addLayout(self._stack, 1)
        # After the stack has a parent: it shows its first page immediately.
        self._stack.addWidget(
            EmptyState("chart-line", self.tr("The loss appears here once training starts"))
        )
        layout.addWidget(self.legend)
        self.smoothing_slider.valueChanged.connect(self._on_smoothing)
        self.set_smoothing(0.95)
        self.setMinimumHeight(160)
        self.setAccessibleName(self.tr("Loss curve"))
        current_theme().changed.connect(self._retint)

    @property
    def names(self) -> list[str]:
        """The names of the runs shown, in the order of their first losses."""
        return list(self._series)

    @property
    def smoothing(self) -> float:
        """Decay of the exponential moving average, 0 to 0.999."""
        return float(1 - 10 ** (-_DECADES * self.smoothing_slider.value() / _SLIDER))

    def series(self, run: str) -> LossSeries:
        """Return the loss series of a run; KeyError if it is not shown."""
        return self._series[run]

    def set_smoothing(self, smoothing: float) -> None:
        """Set the decay of the exponential moving average, 0 (none) to 0.999."""
        weight = max(10.0**-_DECADES, 1 - smoothing)
        self.smoothing_slider.setValue(round(-math.log10(weight) * _SLIDER / _DECADES))
        self._on_smoothing()

    def set_log(self, log: bool) -> None:
        """Set whether the loss axis is logarithmic."""
        self.log_button.setChecked(log)

    def set_outliers(self, shown: bool) -> None:
        """Set whether the loss axis includes outliers."""
        self.outliers_button.setChecked(shown)

    def set_colour(self, run: str, index: int) -> None:
        """Set the index of a run in the plot colours; by default runs take them in turn."""
        if self._order.get(run) != index:
            self._order[run] = index
            if run in self._series:
                self._stale.add(run)
            self._schedule_redraw()

    def show_cursor(self, step: float | None) -> None:
        """Show the values at a step, as if hovered; None: the last values."""
        self._update_readout(step)

    @property
    def canvas(self) -> LossCanvas | None:
        """The pyqtgraph canvas; None until there is something to draw."""
        return self._canvas

    def update_series(self, run: str, losses: Losses) -> None:
        """Show all losses of a run so far.

        If they extend those shown, only the new ones are appended.
        """
        first = run not in self._series
        if self._series_of(run).update(losses):
            self._stale.add(run)
            self._schedule_redraw(_REDRAW_MS if first else self._redraw_delay_ms)

    def update_held_out(self, run: str, steps: Numbers, losses: Numbers) -> None:
        """Show the held-out losses (N,) of a run, by step (N,), with a marker at each."""
        previous, current = self._held_out.get(run), (steps, losses)
        # Not by count alone: the run may be another of that name, or resumed from an earlier step.
        if previous is None or not all(
            np.array_equal(old, new, equal_nan=True)
            for old, new in zip(previous, current, strict=True)
        ):
            self._held_out[run] = steps.copy(), losses.copy()
            self._stale.add(run)
            self._schedule_redraw()

    def remove(self, run: str) -> None:
        """Remove a run; it keeps its colour in case it is shown again."""
        self._held_out.pop(run, None)
        if self._series.pop(run, None) is not None:
            self._stale.discard(run)
            if self._canvas is not None:
                self._canvas.remove(run)
            self._schedule_redraw()

    def clear(self) -> None:
        """Remove all runs."""
        for run in self.names:
            self.remove(run)

    def reset_view(self) -> None:
        """Reset to the auto-range, which also follows new data."""
        if self._canvas is not None:
            self._canvas.reset_view()

    def colour(self, run: str) -> str:
        """Return the colour ``#rrggbb`` of a run."""
        return current_theme().plot_color(self._order.setdefault(run, len(self._order)))

    def sizeHint(self) -> QSize:
        """Return the preferred size, a flat one."""
        return QSize(320, 220)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw losses that came in while hidden."""
        super().showEvent(event)
        self._schedule_redraw()

    def _series_of(self, run: str) -> LossSeries:
        if run not in self._series:
            self._series[run] = LossSeries(self.smoothing)
            self.colour(run)
        return self._series[run]

    def _schedule_redraw(self, within_ms: int = _REDRAW_MS) -> None:
        is_scheduled = self._timer.isActive() and self._timer.remainingTime() <= within_ms
        if self.isVisible() and not is_scheduled:
            self._timer.start(within_ms)

    def _redraw(self) -> None:
        started = time.perf_counter()
        has_losses = any(len(series) for series in self._series.values())
        self._stack.setCurrentIndex(1 if has_losses and self._ensure_canvas() else 0)
        self._show_legend()
        if self._canvas is None:
            return
        for run, series in self._series.items():
            if run in self._stale:
                self._canvas.set_colour(run, self._order[run])
                self._canvas.draw(run, series)
                if run in self._held_out:
                    self._canvas.draw_held_out(run, *self._held_out[run])
        self._stale.clear()
        self._update_readout(self._cursor)
        # Repaint now, to measure how long it takes.
        self._canvas.widget.viewport().repaint()
        spent_ms = 1000 * (time.perf_counter() - started)
        self._redraw_delay_ms = round(min(max(_REDRAW_MS, spent_ms / _SHARE), _LATEST_MS))

    def _ensure_canvas(self) -> bool:
        if self._canvas is None:
            # Imported lazily: pyqtgraph takes half a second to import.
            from ddpm_studio.gui.widgets.plots.loss_canvas import LossCanvas

            self._canvas = LossCanvas(self)
            self._canvas.set_log(self.log_button.isChecked())
            self._canvas.set_outliers(self.outliers_button.isChecked())
            self._canvas.hovered.connect(self._on_hovered)
            self._canvas.widget.setAccessibleName(self.tr("Loss by step"))
            self._canvas.widget.viewport().setAccessibleName(self.tr("Loss by step"))
            self._canvas.widget.setAccessibleDescription(
                self.tr("Arrows pan, plus and minus zoom, Home shows all")
            )
            self._stack.addWidget(self._canvas.widget)
        return True

    def _on_hovered(self, step: float | None) -> None:
        self._update_readout(step)
        self.hovered.emit(step)

    def _update_readout(self, step: float | None) -> None:
        """Update readout and cursor to a step; None: the last values, without cursor."""
        self._cursor = step
        points = {
            run: point
            for run, series in self._series.items()
            if (point := series.at(math.inf if step is None else step)) is not None
        }
        if self._canvas is not None:
            marks = {run: (point.step, point.smooth) for run, point in points.items()}
            self._canvas.mark({} if step is None else marks)
        if not points:
            self.readout.clear()
            return
        steps = {point.step for point in points.values()}
        parts = [self.tr("step {0}").format(f"{max(steps):,.0f}")] if len(steps) == 1 else []
        is_comparison = len(points) > 1
        for run, point in points.items():
            value = f"{point.smooth:.4f}"
            if is_comparison:
                parts.append(f"{dot(self.colour(run))} {value}")
            else:
                parts.append(self.tr("smoothed {0}").format(value))
                if step is not None:
                    parts.append(self.tr("raw {0}").format(_raw_text(point)))
                held_out = self._held_out_at(run, step)
                if held_out is not None:
                    parts.append(self.tr("held out {0}").format(f"{held_out:.4f}"))
        self.readout.setText(" · ".join(parts))

    def _held_out_at(self, run: str, step: float | None) -> float | None:
        """Return the latest held-out loss at or before a step; None: the last of all."""
        steps, losses = self._held_out.get(run, (np.empty(0), np.empty(0)))
        count = len(steps) if step is None else int(np.searchsorted(steps, step, side="right"))
        return float(losses[count - 1]) if count else None

    def _on_log(self, log: bool) -> None:
        if self._canvas is not None:
            self._canvas.set_log(log)
            self._stale.update(self._series)
            self._schedule_redraw()

    def _on_outliers(self, shown: bool) -> None:
        if self._canvas is not None:
            self._canvas.set_outliers(shown)

    def _on_smoothing(self) -> None:
        tip = self.tr("Smoothing {0}").format(f"{self.smoothing:.3g}")
        name(self.smoothing_slider, self.tr("Smoothing"), tip)
        for series in self._series.values():
            series.set_smoothing(self.smoothing)
        self._stale.update(self._series)
        self._schedule_redraw()

    def _show_legend(self) -> None:
        self.legend.show_names([(self.colour(run), run) for run in self._series])

    def _retint(self) -> None:
        if self._canvas is not None:
            self._canvas.retint()
        self._show_legend()
        self._update_readout(self._cursor)


def _raw_text(point: LossPoint) -> str:
    if point.minimum == point.maximum:
        return f"{point.loss:.4f}"
    return f"{point.minimum:.4f}–{point.maximum:.4f}"
