"""The playground: a diffusion of points in the plane, learned in seconds and seen whole."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import Job, playground
from ddpm_studio.errors import Failure
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.learn.point_plot import PointPlot
from ddpm_studio.gui.panels.action_button import ActionButton
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.basics import WheelFilter, label, name, number_label, tool_button
from ddpm_studio.gui.widgets.flow_layout import FlowLayout, together
from ddpm_studio.gui.widgets.message_bar import MessageBar
from ddpm_studio.gui.widgets.seed_box import SeedBox
from ddpm_studio.jobs.events import Points, PointsLearned
from ddpm_studio.requests import PlayRequest, SamplerRequest

_T = 100
_INTERVAL_MS = 40
_MOST_DRAWN = 5000
_PLACES = PointPlot.places()
_SEED = 0
_CHAIN_CHOICE = "chain"
_CHAIN_STEPS = 200
_REVERSE = (
    "p<sub>θ</sub>(x<sub>t−1</sub> | x<sub>t</sub>) = N(μ<sub>θ</sub>(x<sub>t</sub>, t), "
    "σ<sub>t</sub>² I)<br>μ<sub>θ</sub> = (x<sub>t</sub> − β<sub>t</sub> ε<sub>θ</sub> / "
    "√(1 − ᾱ<sub>t</sub>)) / √α<sub>t</sub>"
)
_CHAIN = (
    "x ← x + ½δ ∇ log q(x<sub>t</sub>) + √δ z, z ~ N(0, I)<br>at one t alone: the left slider’s"
)


class PlaygroundPanel(QWidget):
    """Learn a shape of points; look at q, at the score, and walk each sampler back."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self.model: Any = None
        """The trained model (jobs.PointModel), or None."""
        self._job: Job | None = None
        self._drawing: list[tuple[float, float]] = []
        self.frames: list[Points] = []
        """The moments of the reverse process that was walked last."""
        wheel = WheelFilter(self)
        self.messages = MessageBar()
        self.forward = PointPlot(self.tr("Forward process and score"))
        self.reverse = PointPlot(self.tr("Reverse process"))
        self.shape = QComboBox()
        for text, shape in (
            (self.tr("spiral"), "spiral"),
            (self.tr("moons"), "moons"),
            (self.tr("eight Gaussians"), "eight_gaussians"),
            (self.tr("your own drawing"), "drawing"),
        ):
            self.shape.addItem(text, shape)
        name(self.shape, self.tr("Shape"), self.tr("Which points to learn"))
        self.sampler = QComboBox()
        for sampler in get_args(SamplerRequest.model_fields["sampler"].annotation):
            self.sampler.addItem(sampler, sampler)
        self.sampler.addItem(self.tr("Langevin at t"), _CHAIN_CHOICE)
        self.sampler.setCurrentText("ddim")
        name(self.sampler, self.tr("Sampler"), self.tr("How to walk back from noise"))
        self.seed = SeedBox()
        name(self.seed, self.tr("Seed"), self.tr("Of the noise that the walk starts from"))
        for box in (self.shape, self.sampler, self.seed):
            box.installEventFilter(wheel)
        self.time = self._slider(_T, self.tr("t"), self.tr("0: the data. T: pure noise"))
        self.moment = self._slider(1, self.tr("Moment"), self.tr("Left: noise. Right: points"))
        self.time_words, self.moment_words = number_label("", "muted"), number_label("", "muted")
        self.told = number_label("", "muted")
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setMaximumHeight(3)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.progress.setSizePolicy(policy)
        self.progress.hide()
        self.progress.setAccessibleName(self.tr("Learning"))
        category = self.tr("&Learn")
        self._start = actions.add(
            "learn.train",
            self.tr("Learn the points"),
            self.train,
            category=category,
            icon="graduation-cap",
            tip=self.tr("Train a small network on these points, in seconds"),
        )
        self._play = actions.add(
            "learn.play",
            self.tr("Play the reverse process of points"),
            self.play,
            category=category,
            icon="play",
        )
        self._timer = QTimer(self)
        self._timer.setInterval(_INTERVAL_MS)
        self._timer.timeout.connect(self._advance)
        self._build()
        self.shape.currentIndexChanged.connect(self._on_shape)
        self.sampler.currentIndexChanged.connect(self._walk)
        self.seed.changed.connect(self._walk)
        self.time.valueChanged.connect(self._on_time)
        self.moment.valueChanged.connect(self._show_moment)
        self.forward.drawn.connect(self._on_drawn)
        self._on_shape()

    def train(self) -> None:
        """Learn the points shown, from the beginning."""
        request = PlayRequest(shape=self.shape.currentData(), timesteps=_T)
        drawing = np.array(self._drawing, np.float32) if self._drawing else None
        self.model = None
        self.messages.dismiss()
        job = self._job = self._studio.backend.submit(playground.play(request, drawing))
        job.emitted.connect(self._on_event)
        job.changed.connect(self._show_progress)
        job.finished.connect(self._on_learned)
        job.failed.connect(self._on_failed)

    def play(self) -> None:
        """Play from noise to points, or pause."""
        if self._timer.isActive():
            self._timer.stop()
        elif self.frames:
            if self.moment.value() == self.moment.maximum():
                self.moment.setValue(0)
            self._timer.start()

    def _slider(self, most: int, title: str, tip: str) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(0, most)
        name(slider, title, tip)
        return slider

    def _build(self) -> None:
        choices = FlowLayout()
        choices.addWidget(together(label(self.tr("points"), "muted"), self.shape))
        choices.addWidget(ActionButton(self._start, "graduation-cap", "primary"))
        choices.addWidget(together(label(self.tr("sampler"), "muted"), self.sampler))
        choices.addWidget(together(label(self.tr("seed"), "muted"), self.seed))
        choices.addWidget(self.told)
        play = tool_button("play", self.tr("Play"), self._play.toolTip())
        play.clicked.connect(self._play.trigger)
        self.equations: list[QLabel] = []
        """Of the forward process, of the walk."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_L)
        grid.setVerticalSpacing(SPACE_M)
        columns = (
            (
                self.tr("Forward, and the score"),
                "q(x<sub>t</sub> | x<sub>0</sub>) = N(√ᾱ<sub>t</sub> x<sub>0</sub>, "
                "(1 − ᾱ<sub>t</sub>) I)<br>∇ log q(x<sub>t</sub>) ≈ "
                "−ε<sub>θ</sub>(x<sub>t</sub>, t) / √(1 − ᾱ<sub>t</sub>)",
                self.forward,
                (self.time, self.time_words),
            ),
            (
                self.tr("Reverse: from noise, step by step"),
                _REVERSE,
                self.reverse,
                (play, self.moment, self.moment_words),
            ),
        )
        for column, (title, equation, plot, parts) in enumerate(columns):
            grid.addWidget(label(title, "heading", wrap=True), 0, column)
            words = label("", "muted", wrap=True)
            words.setTextFormat(Qt.TextFormat.RichText)
            words.setText(equation)
            self.equations.append(words)
            grid.addWidget(words, 1, column, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(plot, 2, column)
            row = QHBoxLayout()
            row.setSpacing(SPACE_M)
            for part in parts:
                row.addWidget(part, 1 if isinstance(part, QSlider) else 0)
            grid.addLayout(row, 3, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.messages)
        layout.addLayout(choices)
        layout.addWidget(self.progress)
        layout.addLayout(grid, 1)

    def _on_shape(self) -> None:
        own = self.shape.currentData() == "drawing"
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        self.model, self.frames = None, []
        self._timer.stop()
        self._drawing.clear()
        self.forward.drawing = own
        for plot in (self.forward, self.reverse):
            plot.set_points(None)
            plot.set_arrows(None)
            plot.set_data(None)
        self.told.setText(
            self.tr("Draw with the mouse in the left field") if own else self.tr("Press Learn")
        )
        self._refresh()

    def _on_drawn(self, x: float, y: float) -> None:
        if len(self._drawing) < _MOST_DRAWN:
            self._drawing.append((x, y))
            self.forward.set_data(np.array(self._drawing, np.float32))
            self.told.setText(self.tr("{0} points drawn").format(f"{len(self._drawing):,}"))

    def _on_event(self, event: object) -> None:
        if isinstance(event, PointsLearned):
            self.forward.set_data(event.data)
            self.reverse.set_data(event.data)
            self.reverse.set_points(event.samples)
            self.told.setText(
                self.tr("step {0} · loss {1:.3f}").format(f"{event.step:,}", event.loss)
            )

    def _on_learned(self, model: Any) -> None:
        self.model = model
        self._refresh()
        if self.time.value() == 0:
            self.time.setValue(_T // 4)
        self._look()
        self._walk()

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)

    def _look(self) -> None:
        """Show q(x_t) and the learned score at the slider's t."""
        t = self.time.value()
        self.time_words.setText(f"t = {t}")
        if self.model is None:
            return
        task = playground.score_field(self.model, _PLACES, t, _SEED)
        self._studio.backend.submit(task).finished.connect(self._on_looked)

    def _on_looked(self, seen: tuple[Points, Points]) -> None:
        points, score = seen
        self.forward.set_points(points)
        self.forward.set_arrows(score if self.time.value() else None)

    def _on_time(self) -> None:
        """Look at another t; the chain of Langevin is of that t alone, and walks anew."""
        self._look()
        if self.sampler.currentData() == _CHAIN_CHOICE:
            self._walk()

    def _walk(self) -> None:
        chain = self.sampler.currentData() == _CHAIN_CHOICE
        self.equations[1].setText(_CHAIN if chain else _REVERSE)
        if self.model is None:
            return
        seed = self.seed.value
        task = (
            playground.langevin(self.model, max(1, self.time.value()), _CHAIN_STEPS, seed)
            if chain
            else playground.walk_points(self.model, self.sampler.currentData(), None, seed)
        )
        job = self._studio.backend.submit(task)
        job.finished.connect(self._on_walked)
        job.failed.connect(self._on_failed)

    def _on_walked(self, frames: list[Points]) -> None:
        self.frames = frames
        self.moment.setMaximum(len(frames) - 1)
        self._refresh()
        self.moment.setValue(0)
        self._show_moment()
        self._timer.start()

    def _show_moment(self) -> None:
        if self.frames:
            here = self.moment.value()
            self.reverse.set_points(self.frames[here])
            self.moment_words.setText(f"{here} / {len(self.frames) - 1}")

    def _advance(self) -> None:
        if self.moment.value() < self.moment.maximum():
            self.moment.setValue(self.moment.value() + 1)
        else:
            self._timer.stop()

    def _show_progress(self) -> None:
        job = self._job
        told = None if job is None or job.state.over else job.progress
        self.progress.setRange(0, told.total if told else 1)
        self.progress.setValue(told.done if told else 0)
        self.progress.setVisible(told is not None)

    def _refresh(self) -> None:
        self.time.setEnabled(self.model is not None)
        self.moment.setEnabled(bool(self.frames))
        self._play.setEnabled(bool(self.frames))
