"""Forward-process posterior q(x_{t−1}|x_t, x_0): the step back, given x_0 [DDPM eq. 6, 7]."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.learn.captioned_widget import CaptionedWidget
from ddpm_studio.gui.features.learn.chapter import Chapter
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short
from ddpm_studio.gui.features.learn.learn_slot import LearnSlot
from ddpm_studio.gui.features.learn.noisy_picture import noisy_picture
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import label
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import NoisedPicture, Pictures
from ddpm_studio.jobs.teaching.results import PosteriorSample, PosteriorTables

_DELAY_MS = 20
_TILE = 96


class PosteriorChapter(Chapter):
    """Shows x₀, xₜ, the posterior mean μ̃ₜ and one sample, and μ̃ₜ's coefficients at each t."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: PosteriorSample | None = None
        self._picture: Pictures | None = None
        self.source = LearnSlot(
            studio, self.tr("x₀: your picture"), self.tr("drop, paste or click")
        )
        self.x_t = PictureTile(self.tr("xₜ: the picture with its noise"))
        self.mean = PictureTile(self.tr("μ̃ₜ: the mean of the step back"))
        self.drawn = PictureTile(self.tr("xₜ₋₁, drawn from it"))
        self.time = TimeSlider(0.1, self.tr("Which step back, from t to t − 1"))
        self.shares = CurveView(self.tr("Shares of x₀ and xₜ in μ̃ₜ"), "y", short)
        self.widths = CurveView(self.tr("Width of the step back, and of the step"), "y", short)
        self._debounce_timer = QTimer(self)
        self._debounce_timer.setSingleShot(True)
        self._debounce_timer.setInterval(_DELAY_MS)
        self._debounce_timer.timeout.connect(self._request)
        self._cards = [
            CaptionedWidget(tile, caption)
            for tile, caption in (
                (self.source, "x₀"),
                (self.x_t, "xₜ"),
                (self.mean, "μ̃ₜ"),
                (self.drawn, "xₜ₋₁"),
            )
        ]
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        for card, operator in zip(self._cards, ("+", "→", "+ √β̃ₜ z →", ""), strict=True):
            row.addWidget(card, 1)
            if operator:
                row.addWidget(label(operator, "heading"))
        for tile in (self.source, self.x_t, self.mean, self.drawn):
            tile.setMinimumSize(_TILE, _TILE)
        plots = ResponsiveRow()
        for view in (self.shares, self.widths):
            column = QVBoxLayout()
            column.addWidget(view)
            plots.add(column)
            view.moved.connect(self.time.set_value)
        self.content.addLayout(row, 3)
        self.content.addWidget(self.time)
        self.content.addWidget(plots, 2)
        self.source.changed.connect(self._on_source)
        self.source.failed.connect(self.messages.show_failure)
        self.time.changed.connect(self._debounce_timer.start)

    def begin(self) -> None:
        """Compute the coefficients, and start with a picture that is available already."""
        self.submit_job(specs.teaching.posterior_tables(), self._on_tables)
        self.source.begin()

    def _on_source(self) -> None:
        if self.source.picture is not None:
            self.submit_job(specs.learning.noised_picture(self.source.picture, 0), self._on_fitted)

    def _on_fitted(self, noised: NoisedPicture) -> None:
        self._picture = noisy_picture(noised, 1.0, 0.0)
        self._request()

    def _request(self) -> None:
        if self._picture is not None:
            t = max(1, self.time.value)
            self.submit_job(specs.teaching.sample_posterior(self._picture, t, 0), self._on_result)

    def _on_result(self, result: PosteriorSample) -> None:
        self.result = result
        for tile, picture in ((self.x_t, result.x_t), (self.mean, result.mean)):
            tile.set_picture(picture)
        self.drawn.set_picture(result.drawn)
        captions = (
            self.tr("{0} · x₀").format(short(result.weights[0])),
            self.tr("{0} · xₜ").format(short(result.weights[1])),
            "μ̃ₜ",
            self.tr("xₜ₋₁, √β̃ₜ = {0}").format(short(result.std)),
        )
        for card, caption in zip(self._cards, captions, strict=True):
            card.set_caption(caption)
        for view in (self.shares, self.widths):
            view.set_mark(result.t)

    def _on_tables(self, tables: PosteriorTables) -> None:
        t = np.arange(1, len(tables.std) + 1, dtype=np.float64)
        x_labels = "t = 1", f"t = {len(t):,}"
        self.shares.set_curves(
            [
                Curve("", self.tr("share of x₀"), t, tables.of_x0),
                Curve("", self.tr("share of xₜ"), t, tables.of_x_t, 1),
            ],
            x_labels,
        )
        self.widths.set_curves(
            [Curve("", "√β̃ₜ", t, tables.std), Curve("", "√βₜ", t, tables.step_std, 1)], x_labels
        )
        self._debounce_timer.start()
