"""Markov chain of the forward process, as in DDPM Fig. 2, on the user's own picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.learn.chain_view import ChainView
from ddpm_studio.gui.features.learn.chapter import Chapter
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, two_decimals
from ddpm_studio.gui.features.learn.learn_slot import LearnSlot
from ddpm_studio.gui.features.learn.noisy_picture import noisy_picture
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import label, tool_button
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import NoisedPicture
from ddpm_studio.jobs.teaching.results import ForwardChain

_STATE_COUNT, _SLOT = 8, 124


class ChainChapter(Chapter):
    """Samples one forward chain x₀, x₁, … x_T step by step; all but x₀ are latents."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: ForwardChain | None = None
        self._seed = 0
        self.source = LearnSlot(
            studio, self.tr("x₀: your picture"), self.tr("drop, paste or click")
        )
        self.source.setFixedSize(_SLOT, _SLOT)
        self.chain = ChainView()
        self.noise = CurveView(self.tr("How far xₜ is from √ᾱₜ x₀"), numbers=two_decimals)
        self.description = label("", "muted", wrap=True)
        dice = tool_button("dice-5", self.tr("Other noise"), self.tr("Walk another chain"))
        dice.clicked.connect(self._resample)
        low = QHBoxLayout()
        low.setSpacing(SPACE_L)
        left = QVBoxLayout()
        left.setSpacing(SPACE_M)
        left.addWidget(self.source)
        left.addWidget(dice)
        left.addStretch()
        low.addLayout(left)
        right = QVBoxLayout()
        right.addWidget(self.description)
        right.addWidget(self.noise, 1)
        low.addLayout(right, 1)
        self.content.addWidget(self.chain, 3)
        self.content.addLayout(low, 2)
        self.source.changed.connect(self._sample_chain)
        self.source.failed.connect(self.messages.show_failure)
        self.show_scene("markov")

    def begin(self) -> None:
        """Start with a picture that is available already."""
        self.source.begin()

    def show_scene(self, scene: str) -> None:
        """Frame the latents for the scene "latents", else explain the Markov chain."""
        latents = scene == "latents"
        self.chain.mark_latents(latents)
        self.description.setText(
            self.tr(
                "Framed: the latents. Each has as many numbers as the picture, and the last tells "
                "nothing of it."
            )
            if latents
            else self.tr(
                "Each picture is made of its neighbour to the left and fresh noise, of nothing "
                "else. The curve: link by link, the noise adds up to what eq. 4 says at once."
            )
        )

    def _resample(self) -> None:
        self._seed += 1
        self._sample_chain()

    def _sample_chain(self) -> None:
        picture = self.source.picture
        if picture is not None:
            # Converted first to a size and a kind that the forward process accepts.
            self.submit_job(specs.learning.noised_picture(picture, 0), self._on_fitted)

    def _on_fitted(self, noised: NoisedPicture) -> None:
        x_0 = noisy_picture(noised, 1.0, 0.0)
        self.submit_job(
            specs.teaching.forward_chain(x_0, _STATE_COUNT, self._seed), self._on_result
        )

    def _on_result(self, result: ForwardChain) -> None:
        self.result = result
        self.chain.set_chain(result.pictures, result.t)
        t = np.array(result.t, np.float64)
        self.noise.set_curves(
            [
                Curve("", self.tr("this chain"), t, result.distance),
                Curve("", "√(1−ᾱₜ)", t, result.expected, 1),
            ],
            ("t = 0", f"t = {result.t[-1]:,}"),
            0.0,
        )
