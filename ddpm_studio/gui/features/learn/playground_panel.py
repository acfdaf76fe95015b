"""The playground: a diffusion model of points in the plane, trained in seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.catalogue import SAMPLERS
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.common.counts import counted
from ddpm_studio.gui.features.learn.linked_highlights import LinkedHighlights
from ddpm_studio.gui.features.learn.playground_equations import PlaygroundEquations
from ddpm_studio.gui.features.learn.sampler_tile import SamplerTile
from ddpm_studio.gui.features.learn.score_view import ScoreView
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.seed_box import SeedBox
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import (
    ignore_unfocused_wheel,
    label,
    name,
    number_label,
    tool_button,
)
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.widgets.layout.thin_progress import thin_progress
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Points, PointTrainingState, ScheduleTables
from ddpm_studio.requests import PlaygroundRequest, ScheduleRequest

_T = 100
_INTERVAL_MS = 40
_MAX_DRAWN_POINTS = 5000
_SQUARE = 2
# Stretch factors: the right half is wide enough for the names of the samplers.
_HALVES = 6, 7


class PlaygroundPanel(QWidget):
    """Trains on a shape of points; shows q(x_t), the score, and several samplers in step.

    Args:
        studio: the window's model.
        actions: has those of ``ChapterActions``.
        parent: the owner.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self.model: Any = None
        """The trained model (jobs.PointModel), or None."""
        self._job: JobHandle[object] | None = None
        self._tables: ScheduleTables | None = None
        self._noise: Points | None = None
        self._drawing: list[tuple[float, float]] = []
        self.messages = MessageBar()
        self._make_controls()
        self.score = ScoreView(studio, _T)
        sampler_names = [sampler.name for sampler in SAMPLERS.values() if sampler.featured]
        self.tiles = [SamplerTile(studio, k, sampler) for k, sampler in enumerate(sampler_names)]
        self._start, self._play, self._clear = (
            actions[f"learn.{name}"] for name in ("train", "play", "clear")
        )
        self.equations = PlaygroundEquations(self)
        self._lights = LinkedHighlights(self)
        self._lights.add_equations(*self.equations.all)
        self._lights.add("t", self.score.time)
        self._lights.add("score", self.score.plot)
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._advance)
        self._build()
        self._connect()
        self._on_shape()

    @property
    def trajectories_ready(self) -> bool:
        """Whether every sampler has a trajectory."""
        return all(tile.trajectory is not None for tile in self.tiles)

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for the schedule, the points and the start noise, the first time."""
        super().showEvent(event)
        if self._tables is None:
            request = ScheduleRequest(schedule="linear_scaled", timesteps=_T)
            spec = specs.learning.schedule_tables(request, slot="playground schedule")
            self._studio.backend.submit(spec).on_finished(self._on_tables)
            self._show_shape()
            self._request_noise()

    def train(self) -> None:
        """Train a new model on the points shown."""
        request = PlaygroundRequest(shape=self.shape.currentData(), timesteps=_T)
        drawing = np.array(self._drawing, np.float32) if self._drawing else None
        self._discard_model()
        self.messages.clear()
        job = self._job = self._studio.backend.submit(specs.playground.play(request, drawing))
        job.on_event(self._on_event)
        job.changed.connect(self._show_progress)
        job.on_finished(self._on_learned)
        job.on_failed(self._on_failed)

    def show_scene(self, scene: str) -> None:
        """Show the scene of a concept, such as "langevin", and train a model if there is none."""
        if scene == "langevin":
            last = self.tiles[-1].sampler
            last.setCurrentIndex(last.count() - 1)
        if self.model is None and (self._job is None or self._job.state.is_over):
            if scene != "learn" and not self._drawing:
                self.shape.setCurrentIndex(self.shape.findData("eight_gaussians"))
            self.train()

    def play(self) -> None:
        """Play the reverse process from noise to points, or pause."""
        if self._timer.isActive():
            self._timer.stop()
        elif self.trajectories_ready:
            if self.progress_slider.value() == self.progress_slider.maximum():
                self.progress_slider.setValue(0)
            self._timer.start()

    def clear_drawing(self) -> None:
        """Remove all points drawn, and what was learned from them."""
        self._on_shape()

    def _make_controls(self) -> None:
        self.shape = QComboBox()
        for text, shape in (
            (self.tr("spiral"), "spiral"),
            (self.tr("moons"), "moons"),
            (self.tr("eight Gaussians"), "eight_gaussians"),
            (self.tr("your own drawing"), "drawing"),
        ):
            self.shape.addItem(text, shape)
        name(self.shape, self.tr("Shape"), self.tr("Which points to learn"))
        self.seed = SeedBox()
        name(self.seed, self.tr("Seed"), self.tr("Of the noise that the trajectories start from"))
        ignore_unfocused_wheel(self.shape)
        self.progress_slider = Slider()
        self.progress_slider.setRange(0, _T)
        name(
            self.progress_slider,
            self.tr("Moment"),
            self.tr("All samplers in step. Left: noise. Right: points"),
        )
        self.step_label = number_label("", "muted")
        self.status = number_label("", "muted")
        self.progress = thin_progress(self.tr("Learning"))

    def _build(self) -> None:
        self.eraser = tool_button("eraser", self._clear.text(), self._clear.toolTip())
        self.eraser.clicked.connect(self._clear.trigger)
        choices = FlowLayout()
        choices.addWidget(inline_group(label(self.tr("points"), "muted"), self.shape))
        choices.addWidget(self.eraser)
        choices.addWidget(ActionButton(self._start, "graduation-cap", "primary"))
        choices.addWidget(inline_group(label(self.tr("seed"), "muted"), self.seed))
        choices.addWidget(self.status)
        play_button = tool_button("play", self.tr("Play"), self._play.toolTip())
        play_button.clicked.connect(self._play.trigger)
        tile_grid = QGridLayout()
        tile_grid.setSpacing(SPACE_M)
        for k, tile in enumerate(self.tiles):
            tile_grid.addWidget(tile, k // _SQUARE, k % _SQUARE)
        left = QVBoxLayout()
        left.addWidget(self.score)
        columns = ResponsiveRow()
        parts = (
            (left, _row(self.score.time, self.score.time_label)),
            (tile_grid, _row(play_button, self.progress_slider, self.step_label)),
        )
        for number, (equation, (view, controls)) in enumerate(
            zip(self.equations.rows, parts, strict=True)
        ):
            column = QVBoxLayout()
            column.setSpacing(SPACE_S)
            column.addWidget(equation)
            column.addLayout(view, 1)
            column.addLayout(controls)
            columns.add(column, _HALVES[number])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_S)
        self.messages.attach_to(self)
        layout.addLayout(choices)
        layout.addWidget(self.progress)
        layout.addWidget(columns, 1)

    def _connect(self) -> None:
        self.shape.currentIndexChanged.connect(self._on_shape)
        self.seed.changed.connect(self._on_seed)
        self.score.time.valueChanged.connect(self._on_time)
        self.progress_slider.valueChanged.connect(self._show_step)
        self.progress_slider.user_moved.connect(self._timer.stop)
        self.score.plot.drawn.connect(self._on_drawn)
        for tile in self.tiles:
            tile.trajectory_ready.connect(self._on_trajectory)
            tile.failed.connect(self._on_failed)
            tile.sampler.currentIndexChanged.connect(self._show_sampler_time)

    def _on_shape(self) -> None:
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        self._drawing.clear()
        self._discard_model()
        is_drawing = self.shape.currentData() == "drawing"
        self.score.plot.drawing = is_drawing
        self.eraser.setVisible(is_drawing)
        self._clear.setEnabled(is_drawing)
        self._show_shape()

    def _discard_model(self) -> None:
        """Discard the model and the trajectories; the points stay."""
        self.model = None
        self._timer.stop()
        self.score.forget()
        for tile in self.tiles:
            tile.clear()
        self.score.time.setValue(0)
        self.progress_slider.setValue(0)
        self._show_noise()
        self._show_sampler_time()
        self._refresh()

    def _show_shape(self) -> None:
        """Show the points that there are to learn, and how to begin."""
        is_drawing = self.shape.currentData() == "drawing"
        self.status.setText(
            self.tr("Draw in the left field: mouse, or arrow keys and Space")
            if is_drawing
            else self.tr("Press Learn: it takes seconds")
        )
        if is_drawing:
            self._on_data(None)
        elif self.isVisible():
            spec = specs.playground.shape_points(self.shape.currentData())
            self._studio.backend.submit(spec).on_finished(self._on_data)

    def _on_data(self, data: Points | None) -> None:
        if self.model is None:
            self.score.plot.set_data(data)

    def _on_drawn(self, x: float, y: float) -> None:
        if len(self._drawing) < _MAX_DRAWN_POINTS:
            self._drawing.append((x, y))
            self.score.plot.set_data(np.array(self._drawing, np.float32))
            one, many = self.tr("1 point drawn"), self.tr("{n} points drawn")
            self.status.setText(counted(len(self._drawing), one, many))

    def _on_event(self, event: object) -> None:
        if isinstance(event, PointTrainingState):
            self.score.plot.set_data(event.data)
            for tile in self.tiles:
                tile.show_training(event.data, event.samples)
            with QSignalBlocker(self.progress_slider):
                self.progress_slider.setValue(_T)
            self.step_label.setText("t = 0")
            self.status.setText(
                self.tr("step {0} · loss {1:.4f}").format(f"{event.step:,}", event.loss)
            )

    def _on_learned(self, model: Any) -> None:
        self.model = model
        self.score.time.setValue(_T // 4)
        self.score.show_model(model)
        self._sample_trajectories()
        self._refresh()

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)

    def _on_tables(self, tables: ScheduleTables) -> None:
        self._tables = tables
        self._show_time()
        self._show_sampler_time()

    def _on_time(self) -> None:
        """Show q and the score at another t; Langevin chains, which stay at it, start again."""
        self._show_time()
        if self.model is not None:
            self.score.show_model(self.model)
            for tile in self.tiles:
                if tile.is_chain:
                    tile.sample(self.model, self.seed.value, self.score.time.value())

    def _on_seed(self) -> None:
        self._request_noise()
        self._sample_trajectories()

    def _request_noise(self) -> None:
        spec = specs.playground.start_noise(self.seed.value)
        self._studio.backend.submit(spec).on_finished(self._on_noise)

    def _on_noise(self, noise: Points) -> None:
        self._noise = noise
        if self.model is None and (self._job is None or self._job.state.is_over):
            self._show_noise()

    def _show_noise(self) -> None:
        """Show the noise that the samplers will start from, until there is a model."""
        if self._noise is not None:
            for tile in self.tiles:
                tile.show_noise(self._noise)

    def _sample_trajectories(self) -> None:
        if self.model is not None:
            for tile in self.tiles:
                tile.sample(self.model, self.seed.value, self.score.time.value())

    def _on_trajectory(self) -> None:
        if self.trajectories_ready:
            self._refresh()
            self.progress_slider.setValue(0)
            self._show_step()
            self._timer.start()

    def _show_step(self) -> None:
        for tile in self.tiles:
            tile.show_fraction(self.progress_slider.value() / _T)
        self._show_sampler_time()

    def _show_time(self) -> None:
        t = self.score.time.value()
        self.score.time_label.setText(f"t = {t}")
        self.equations.show_forward_values(self._tables, t)

    def _show_sampler_time(self) -> None:
        """Show the samplers' t, and the values of their next step."""
        t = _T - self.progress_slider.value()
        self.step_label.setText(f"t = {t}")
        self.equations.show_chain(all(tile.is_chain for tile in self.tiles))
        self.equations.show_reverse_values(self._tables, t)

    def _advance(self) -> None:
        if self.progress_slider.value() < self.progress_slider.maximum():
            self.progress_slider.setValue(self.progress_slider.value() + 1)
        else:
            self._timer.stop()

    def _show_progress(self) -> None:
        job = self._job
        progress = None if job is None or job.state.is_over else job.progress
        self.progress.setRange(0, progress.total if progress else 1)
        self.progress.setValue(progress.done if progress else 0)
        self.progress.setVisible(progress is not None)

    def _refresh(self) -> None:
        self.score.true.setVisible(self.shape.currentData() == "eight_gaussians")
        self.score.time.setEnabled(self.model is not None)
        self.progress_slider.setEnabled(self.trajectories_ready)
        self._play.setEnabled(self.trajectories_ready)


def _row(*parts: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(SPACE_M)
    for part in parts:
        row.addWidget(part, 1 if isinstance(part, Slider) else 0)
    return row
