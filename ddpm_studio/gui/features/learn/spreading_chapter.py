"""Diffusion as a physical process: points spread, and their entropy rises."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.learn.chapter import Chapter
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, two_decimals
from ddpm_studio.gui.features.learn.point_plot import PointPlot
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import name, number_label, tool_button
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import DiffusedPoints

_INTERVAL_MS = 50


class SpreadingChapter(Chapter):
    """Plays points of eight Gaussians as they diffuse, with the entropy of q(x_t) in bits."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: DiffusedPoints | None = None
        self.plot = PointPlot(self.tr("Points that diffuse"))
        self.entropy = CurveView(self.tr("Entropy at each t, in bits"), numbers=two_decimals)
        self.time = Slider()
        name(self.time, "t", self.tr("0: where they began. T: anywhere"))
        self.time_label = number_label("t = 0", "muted")
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._advance)
        play_button = tool_button(
            "play", self.tr("Play"), self.tr("Let the points spread, or pause")
        )
        play_button.clicked.connect(self.play)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(play_button)
        row.addWidget(self.time, 1)
        row.addWidget(self.time_label)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.plot, 1)
        left.addLayout(row)
        right.addWidget(self.entropy)
        columns = ResponsiveRow()
        columns.add(left)
        columns.add(right)
        self.content.addWidget(columns, 1)
        self.time.valueChanged.connect(self._show)
        self.time.user_moved.connect(self._timer.stop)
        self.entropy.moved.connect(self._jump_to)

    def begin(self) -> None:
        """Compute the diffusion once."""
        self.submit_job(specs.teaching.run_point_diffusion(0), self._on_result)

    def play(self) -> None:
        """Play, from the beginning if at the end; or pause."""
        if self._timer.isActive():
            self._timer.stop()
        elif self.result is not None:
            if self.time.value() == self.time.maximum():
                self.time.setValue(0)
            self._timer.start()

    def _on_result(self, result: DiffusedPoints) -> None:
        self.result = result
        last = len(result.moments) - 1
        self.time.setRange(0, last)
        t = np.arange(last + 1, dtype=np.float64)
        self.entropy.set_curves(
            [
                Curve("entropy", self.tr("entropy of xₜ, bits"), t, result.entropy),
                Curve("", self.tr("of N(0, I)"), t, np.full_like(t, result.gaussian_entropy), 1),
            ],
            ("t = 0", f"t = {last}"),
        )
        self._show()
        self.play()

    def _jump_to(self, t: int) -> None:
        """Pause, and show the points at the t chosen in the plot."""
        self._timer.stop()
        self.time.setValue(t)

    def _advance(self) -> None:
        if self.time.value() < self.time.maximum():
            self.time.setValue(self.time.value() + 1)
        else:
            self._timer.stop()

    def _show(self) -> None:
        if self.result is not None:
            t = self.time.value()
            self.time_label.setText(f"t = {t}")
            self.plot.set_points(self.result.moments[t])
            self.entropy.set_mark(t)
