"""Score view: q(x_t) at one t as points, the learned and the true score there as arrows."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.learn.point_plot import PointPlot
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import name, number_label
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import PointScores

_GRID_POINTS = PointPlot.grid_points()
_SEED = 0


class ScoreView(QWidget):
    """Draws q(x_t) as points and the score as arrows.

    ``time`` chooses t; the owner lays it and ``time_label`` out.

    Args:
        studio: runs the model.
        timesteps: T, of the playground's process.
        parent: the owner.
    """

    def __init__(self, studio: Studio, timesteps: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._model: Any = None
        self.plot = PointPlot(self.tr("Forward process and score"))
        self.true = QCheckBox(self.tr("true score"))
        name(
            self.true,
            self.tr("True score"),
            self.tr("Show the exact score beside the learned one; known for the eight Gaussians"),
        )
        self.true.setChecked(True)
        self.true.toggled.connect(self._request_score)
        self.similarity = number_label("", "muted")
        self.similarity.setToolTip(
            self.tr("Mean cosine similarity of the learned score and the true one at the points")
        )
        self.time = Slider()
        self.time.setRange(0, timesteps)
        name(self.time, self.tr("t"), self.tr("0: the data. T: pure noise"))
        self.time_label = number_label("", "muted")
        compared = QHBoxLayout()
        compared.addWidget(self.true)
        compared.addWidget(self.similarity, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(compared)
        layout.addWidget(self.plot, 1)

    def show_model(self, model: Any) -> None:
        """Show q(x_t) and the score of a model (jobs.PointModel) at the slider's t."""
        self._model = model
        self._request_score()

    def forget(self) -> None:
        """Clear the points and the arrows of the model; the data stay."""
        self._model = None
        self.plot.set_points(None)
        self.plot.set_arrows(None)
        self.similarity.setText("")

    def _request_score(self) -> None:
        if self._model is not None:
            spec = specs.playground.score_field(self._model, _GRID_POINTS, self.time.value(), _SEED)
            self._studio.backend.submit(spec).on_finished(self._on_result)

    def _on_result(self, scores: PointScores) -> None:
        if self._model is None:
            return
        noisy = self.time.value() > 0
        known = scores.true is not None
        self.true.setVisible(known)
        true_scores = scores.true if known and self.true.isChecked() else None
        self.plot.set_points(scores.points)
        self.plot.set_arrows(scores.learned if noisy else None, true_scores if noisy else None)
        self.similarity.setText(
            self.tr("cosine {0}").format(f"{scores.cosine:.3f}")
            if scores.cosine is not None and noisy
            else ""
        )
