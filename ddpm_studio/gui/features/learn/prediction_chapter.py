"""Prediction targets μ, ε and x_0, and this network's predictions of them [DDPM §3.2]."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.learn.captioned_widget import CaptionedWidget
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short
from ddpm_studio.gui.features.learn.model_chapter import PictureChapter
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, X0_HAT
from ddpm_studio.gui.widgets.layout.basics import label, set_property
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import Predictions

_DELAY_MS, _TILE = 30, 72
_NAMES = ("mu", "eps", "x0")


class PredictionChapter(PictureChapter):
    """Target and prediction in each form at one t; how an error of ε̂ counts in the others."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: Predictions | None = None
        self._scene = "mu"
        self.time = TimeSlider(0.3, self.tr("How noisy the picture is that the network sees"))
        true_symbols = {"mu": "μ̃ₜ", "eps": "ε", "x0": "x₀"}
        self._symbols = {"mu": "μθ", "eps": "εθ", "x0": X0_HAT}
        self.x_t = PictureTile(self.tr("xₜ: what the network sees"))
        self.targets = {name: PictureTile(true_symbols[name]) for name in _NAMES}
        self.predicted = {name: PictureTile(self._symbols[name]) for name in _NAMES}
        self._cards = {
            name: CaptionedWidget(self.predicted[name], self._symbols[name]) for name in _NAMES
        }
        self.factors = CurveView(self.tr("What an error of ε̂ does at each t"), "xy", short)
        self._debounce_timer = QTimer(self)
        self._debounce_timer.setSingleShot(True)
        self._debounce_timer.setInterval(_DELAY_MS)
        self._debounce_timer.timeout.connect(self.draw_later)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_L)
        grid.setVerticalSpacing(SPACE_M)
        grid.addWidget(CaptionedWidget(self.source, "x₀"), 1, 0)
        grid.addWidget(CaptionedWidget(self.x_t, "xₜ"), 2, 0)
        self.headings = {}
        for column, (name, title) in enumerate(
            (("mu", self.tr("mean μ")), ("eps", self.tr("noise ε")), ("x0", self.tr("picture x₀"))),
            1,
        ):
            self.headings[name] = label(title, "heading")
            grid.addWidget(self.headings[name], 0, column, Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(CaptionedWidget(self.targets[name], true_symbols[name]), 1, column)
            grid.addWidget(self._cards[name], 2, column)
        for tile in (self.source, self.x_t, *self.targets.values(), *self.predicted.values()):
            tile.setMinimumSize(_TILE, _TILE)
        for column in range(4):
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        grid.setRowStretch(2, 1)
        self.content.addLayout(grid, 3)
        self.content.addWidget(self.time)
        self.content.addWidget(self.factors, 1)
        self.time.changed.connect(self._debounce_timer.start)
        self.factors.moved.connect(self.time.set_value)
        self.show_scene("mu")
        self._on_run()

    def show_scene(self, scene: str) -> None:
        """Emphasise the heading of one column: "mu", "eps" or "x0"."""
        self._scene = scene
        for name, heading in self.headings.items():
            set_property(heading, "role", "section" if name == scene else "heading")

    def _spec(self) -> JobSpec[object] | None:
        if not self._has_inputs() or self.source.fitted is None:
            return None
        return specs.teaching.predictions(
            self._measure_request(), self.source.fitted, max(1, self.time.value)
        )

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, Predictions)
        self.result = result
        self.x_t.set_picture(result.x_t)
        for name in _NAMES:
            self.targets[name].set_picture(result.true[name])
            self.predicted[name].set_picture(result.prediction[name])
            caption = self.tr("{0}, error {1}").format(
                self._symbols[name], short(result.rmse[name])
            )
            self._cards[name].set_caption(caption)
        factors = result.factors
        t = np.arange(1, len(factors["mu"]) + 1, dtype=np.float64)
        self.factors.set_curves(
            [
                Curve("", self.tr("error of μθ for an error of 1 in εθ"), t, factors["mu"], 0),
                Curve("", self.tr("error of {0} for the same").format(X0_HAT), t, factors["x0"], 1),
            ],
            ("t = 1", f"t = {len(t):,}"),
        )
        self.factors.set_mark(result.t)

    def _on_model(self) -> None:
        self.result = None
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
        for tile in (self.x_t, *self.targets.values(), *self.predicted.values()):
            tile.set_picture(None)
        self.factors.set_mark(None)
        self.factors.set_curves([])
        super()._on_model()
