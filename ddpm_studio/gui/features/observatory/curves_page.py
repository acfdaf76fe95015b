"""Training curves over the steps, with a common cursor and other runs overlaid."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend.record import RunRecord
from ddpm_studio.durations import format_size
from ddpm_studio.gui.features.observatory.run_names import unique_names
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.plots.bar_plot import BarPlot
from ddpm_studio.gui.widgets.plots.heat_map import HeatMap
from ddpm_studio.gui.widgets.plots.loss_plot import LossPlot
from ddpm_studio.gui.widgets.plots.sparkline import Sparkline, StepSeries
from ddpm_studio.gui.workspace.studio import Studio

_REDRAW_MS = 150
_OPTIONAL_CURVES = ("device_load", "held_out_bits")


class CurvesPage(QWidget):
    """Loss, loss by timestep and small curves; redraws are throttled to about seven a second."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.records: list[RunRecord] = []
        self._timer = QTimer(self, singleShot=True, interval=_REDRAW_MS)
        self._timer.timeout.connect(self._redraw)
        self.loss = LossPlot()
        # Word wrap would make the page as high as its size hint, so that it scrolls.
        self.loss.readout.setWordWrap(False)
        self.loss.legend.setWordWrap(False)
        self.heat = HeatMap(self.tr("Loss by timestep"))
        self.bars = BarPlot()
        self.curves = {
            "grad_norm": Sparkline(self.tr("Gradient norm"), _plain),
            "lr": Sparkline(self.tr("Learning rate"), _power),
            "images_per_second": Sparkline(self.tr("Pictures a second"), _plain),
            "cpu_load": Sparkline(self.tr("CPU load"), _percent, top=1.0),
            "device_load": Sparkline(self.tr("GPU load"), _percent, top=1.0),
            "memory_bytes": Sparkline(self.tr("Memory"), _memory),
            "held_out_bits": Sparkline(
                self.tr("Bits/dim of held-out pictures"), _plain, from_zero=False
            ),
        }
        self._lay_out()
        self.loss.hovered.connect(self._on_hovered)
        for field in (self.heat, *self.curves.values()):
            field.hovered.connect(self._on_hovered)

    def show_runs(self, runs: Sequence[Path]) -> None:
        """Show the curves of the first run, with those of the others overlaid."""
        records = [self._studio.record(run) for run in runs]
        if records == self.records:
            return
        for record in self.records:
            record.changed.disconnect(self._redraw_soon)
        self.records = records
        for record in self.records:
            record.changed.connect(self._redraw_soon)
        shown_names = set(self.names())
        for name in self.loss.names:
            if name not in shown_names:
                self.loss.remove(name)
        self._redraw()

    def names(self) -> list[str]:
        """Return the display names of the runs shown, made unique."""
        return unique_names([record.run for record in self.records])

    def showEvent(self, event: QShowEvent) -> None:
        """Redraw with the data that came in while the page was hidden."""
        super().showEvent(event)
        self._redraw()

    def _lay_out(self) -> None:
        by_t = QHBoxLayout()
        by_t.setSpacing(SPACE_M)
        by_t.addWidget(self.heat, 3)
        by_t.addWidget(self.bars, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.loss, 5)
        layout.addLayout(by_t, 3)
        # Only some runs have these figures; hidden, they take no room.
        for column in _OPTIONAL_CURVES:
            self.curves[column].hide()
        small_curves = list(self.curves.values())
        for line in (small_curves[:3], small_curves[3:]):
            row = QHBoxLayout()
            row.setSpacing(SPACE_M)
            for curve in line:
                row.addWidget(curve, 1)
            layout.addLayout(row, 2)

    def _redraw_soon(self) -> None:
        if self.isVisible() and not self._timer.isActive():
            self._timer.start()

    def _redraw(self) -> None:
        if not self.records:
            return
        names, colours = self.names(), self._studio.colours
        last = 1.0
        for name, record in zip(names, self.records, strict=True):
            self.loss.set_colour(name, colours.of(record.run))
            self.loss.update_series(name, record.losses)
            self.loss.update_held_out(name, *record.series("held_out_loss"))
            last = max(last, float(record.last_step))
        for column, curve in self.curves.items():
            curve.set_series(
                [
                    StepSeries(colours.of(record.run), *record.series(column))
                    for record in self.records
                ],
                last,
            )
        for column in _OPTIONAL_CURVES:
            self.curves[column].setVisible(not self.curves[column].is_empty)
        first = self.records[0]
        # Before the run has been read there are no rows, so that any T will do.
        timesteps = first.timesteps or 1
        # The heat map shows the first run only: it ends where that run does.
        last_step = float(max(1, first.last_step))
        self.heat.set_rows(*first.loss_by_t, timesteps, last_step)
        self.bars.set_values(first.recent_loss_by_t().tolist(), timesteps)

    def _on_hovered(self, step: float | None) -> None:
        """Show the cursor at the same step in all plots."""
        sender = self.sender()
        if sender is not self.loss:
            self.loss.show_cursor(step)
        for field in (self.heat, *self.curves.values()):
            if field is not sender:
                field.show_cursor(step)


def _plain(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _power(value: float) -> str:
    return f"{value:.2e}" if 0 < value < 0.001 else f"{value:.3g}"


def _percent(value: float) -> str:
    return f"{value:.0%}".replace("%", " %")


def _memory(value: float) -> str:
    return format_size(int(value))
