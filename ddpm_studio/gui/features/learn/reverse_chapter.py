"""Reverse process chapter: x_t, x̂_0 and ε̂ of one picture, from noise to t = 0."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.theme.tokens import X0_HAT
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import FigureRows


class ReverseChapter(ModelChapter):
    """Rows of x_t, x̂_0 and ε̂ at a few timesteps; the Reverse process tab has all of them."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.grid = RowGrid(self.tr("A reverse process"))
        self.grid.set_empty("film", self.tr("Drawing begins in a moment"))
        resample_button = button(self.tr("From other noise"), icon="dice-5", role="primary")
        resample_button.clicked.connect(self.resample)
        self.content.addWidget(self.grid, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(tool_links(actions, ["reverse"], resample_button))
        self._on_run()

    def _spec(self) -> JobSpec[object]:
        return specs.teaching.reverse_rows(self._sample_request(self._seed))

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, FigureRows)
        rows = [result.rows[key] for key in ("x_t", "x0_hat", "eps")]
        column_labels = [f"t = {t:,}" for t in result.t]
        self.grid.set_rows(np.concatenate(rows), ("xₜ", X0_HAT, "ε̂"), column_labels=column_labels)

    def _on_model(self) -> None:
        self.grid.set_rows(None, ())
