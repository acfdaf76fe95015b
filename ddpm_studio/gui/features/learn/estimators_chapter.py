"""Estimators of the variational bound, by log-ratios and by KL, with their variance."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short
from ddpm_studio.gui.features.learn.dot_plot import DotPlot, DotRow
from ddpm_studio.gui.features.learn.model_chapter import PictureChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import BoundEstimates

_SLOT = 96
# Numbers of chains, and of timesteps kept of each. The few, drawn when the chapter is shown, take
# seconds with any network on any machine; the many, on request, may take longer.
_FEW_SAMPLES, _MANY_SAMPLES = (8, 10), (32, 50)


class EstimatorsChapter(PictureChapter):
    """Dot plots of estimates of one picture's bound by chain, and a term's std at each t."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: BoundEstimates | None = None
        self._extent = _FEW_SAMPLES
        self.source.setFixedSize(_SLOT, _SLOT)
        self.bound_plot = DotPlot(self.tr("The bound along whole chains"))
        self.one_t_plot = DotPlot(self.tr("The bound from one t"))
        self.std_plot = CurveView(self.tr("How much one term varies at each t"), "xy", short)
        resample_button = button(self.tr("Other chains"), icon="dice-5", role="primary")
        resample_button.clicked.connect(self.resample)
        self.more_button = button(
            self.tr("{0} chains").format(_MANY_SAMPLES[0]),
            self.tr("Run {0} chains through {1} timesteps: takes a while").format(*_MANY_SAMPLES),
        )
        self.more_button.clicked.connect(self._draw_more)
        self.heading = label(self.tr("A dot for each chain, bits/dim"), "heading", wrap=True)
        self.summary = label("", "muted", wrap=True)
        plots = ResponsiveRow()
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(SPACE_S)
        left.addWidget(self.heading)
        left.addWidget(self.bound_plot, 1)
        left.addWidget(self.one_t_plot, 1)
        right.addWidget(
            label(self.tr("Standard deviation of one term, bits/dim"), "heading", wrap=True)
        )
        right.addWidget(self.std_plot, 1)
        plots.add(left)
        plots.add(right)
        self.content.addWidget(plots, 1)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.summary)
        self.content.addLayout(
            tool_links(actions, ["bits"], self.source, resample_button, self.more_button)
        )
        self.show_scene("terms")
        self._on_run()

    def show_scene(self, scene: str) -> None:
        """Explain the variances or, for the scene "one t", the cost of using a single t."""
        self.summary.setText(
            self.tr(
                "Training takes one t of a picture: no chain is walked, the network is asked once. "
                "The price is the width of the lower rows."
            )
            if scene == "one t"
            else self.tr(
                "Both have the same mean. At each t the KL divergence is the mean of the log-ratio "
                "given xₜ, and so varies less. Along a whole chain errors may cancel."
            )
        )

    def _spec(self) -> JobSpec[object] | None:
        if not self._has_inputs() or self.source.fitted is None:
            return None
        request = self._measure_request(self._seed)
        return specs.teaching.bound_estimates(request, self.source.fitted, *self._extent)

    def _draw_more(self) -> None:
        self._extent = _MANY_SAMPLES
        self.more_button.setEnabled(False)
        self.draw_now()

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, BoundEstimates)
        self.result = result
        ratio, divergence = self.tr("log-ratios, eq. 3"), self.tr("KL, eq. 5")
        self.bound_plot.set_rows(
            [
                DotRow(ratio, result.by_ratios, 1),
                DotRow(divergence, result.by_divergences, 0),
            ]
        )
        template = self.tr("{0}, one t")
        self.one_t_plot.set_rows(
            [
                DotRow(template.format(ratio), result.one_ratio, 1),
                DotRow(template.format(divergence), result.one_divergence, 0),
            ]
        )
        t = result.t
        self.heading.setText(
            self.tr("A dot for each of {0} chains through {1} timesteps, bits/dim").format(
                len(result.by_ratios), len(t)
            )
        )
        self.std_plot.set_curves(
            [
                Curve("", ratio, t, np.maximum(result.ratio_std, 1e-9), 1),
                Curve("", divergence, t, np.maximum(result.divergence_std, 1e-9), 0),
            ],
            ("t = 1", f"t = {t[-1]:,.0f}"),
        )

    def _on_model(self) -> None:
        self.result = None
        self._extent = _FEW_SAMPLES
        self.more_button.setEnabled(True)
        for view in (self.bound_plot, self.one_t_plot):
            view.set_rows([])
        self.std_plot.set_curves([])
        super()._on_model()
