"""Figures 6, 7 and 8 of the DDPM paper, drawn with the open model."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import FigureRows


class ResultsChapter(ModelChapter):
    """One row for each figure: progressive generation, a shared latent, an interpolation."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.time = TimeSlider(tip=self.tr("Where the latent is shared, and pictures are mixed"))
        self.grid = RowGrid(self.tr("Progressive generation, shared latent, interpolation"))
        self.grid.set_empty("film", self.tr("Drawing begins in a moment"))
        resample_button = button(self.tr("From other noise"), icon="dice-5", role="primary")
        resample_button.clicked.connect(self.resample)
        self.content.addWidget(self.grid, 1)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.time)
        self.content.addLayout(
            tool_links(actions, ["reverse", "share", "interpolate"], resample_button)
        )
        self._t = self.time.value
        self.time.changed.connect(self._on_time)
        self.time.released.connect(self.draw_later)
        self._on_run()

    def _spec(self) -> JobSpec[object]:
        self._t = self.time.value
        return specs.teaching.result_rows(self._sample_request(self._seed), self._t)

    def _on_time(self) -> None:
        if not self.time.is_dragged:
            self.draw_later()

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, FigureRows)
        rows = result.rows
        count = min(len(row) for row in rows.values())
        t = f"t = {self._t:,}"
        labels = (
            self.tr("{0}, from T to 0").format(X0_HAT),
            self.tr("one xₜ, {0}").format(t),
            self.tr("λ from 0 to 1"),
        )
        figure_rows = [rows[key] for key in ("progressive", "shared", "interpolated")]
        self.grid.set_rows(np.concatenate([row[-count:] for row in figure_rows]), labels)

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
        self.grid.set_rows(None, ())
