"""Reverse process: scrub from noise to picture; x_t, x̂_0 and ε̂ side by side (DDPM Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from ddpm_studio.backend import Job, tasks
from ddpm_studio.errors import Failure
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.icons import set_icon
from ddpm_studio.gui.panels.exporting import Export, ExportMenu
from ddpm_studio.gui.panels.sampler_bar import SamplerBar
from ddpm_studio.gui.panels.trajectory import VIEWS, Trajectory
from ddpm_studio.gui.restoring import Restored
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.basics import button, label, name, number_label, tool_button
from ddpm_studio.gui.widgets.film_strip import FilmStrip
from ddpm_studio.gui.widgets.message_bar import MessageBar
from ddpm_studio.gui.widgets.picture_view import PictureGrid
from ddpm_studio.jobs.events import Drawn, Event, FrameImages, Pictures
from ddpm_studio.requests import SampleRequest

_COUNTS = (1, 4, 9, 16, 25, 64)
_FRAMES = 101
_STRIP = 13
_FRAMES_PER_SECOND = 20
_DEBOUNCE_MS = 200


class ReversePanel(QWidget):
    """Draws a reverse process and lets one walk through it."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self.trajectory = Trajectory()
        self._job: Job | None = None
        self._chosen: int | None = None
        self._register(actions)

        self.messages = MessageBar()
        self.views = {
            "x_t": PictureGrid("x_t"),
            "x0_hat": PictureGrid("x̂₀"),
            "eps": PictureGrid("ε̂"),
        }
        self.slider = QSlider(Qt.Orientation.Horizontal)
        name(self.slider, self.tr("Moment of the process"), self.tr("Left: noise. Right: picture"))
        self.slider.setEnabled(False)
        self.slider.valueChanged.connect(self._show_frame)
        self.moment = number_label("", "muted")
        self.moment.setMinimumWidth(72)
        self.strip = FilmStrip()
        self.strip.scrubbed.connect(self._on_strip)
        self._strip_indices: list[int] = []
        self._play_timer = QTimer(self)
        self._play_timer.setInterval(1000 // _FRAMES_PER_SECOND)
        self._play_timer.timeout.connect(self._advance)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_DEBOUNCE_MS)
        self._delay.timeout.connect(self.draw)

        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.messages)
        layout.addLayout(self._views_layout(), 1)
        layout.addLayout(self._scrub_row())
        layout.addWidget(self.strip)
        layout.addLayout(self._control_rows(actions))

        for grid in self.views.values():
            grid.current_changed.connect(self._on_current)
        self.sampler.changed.connect(self._delay.start)
        self.count.currentIndexChanged.connect(self._delay.start)
        studio.run_changed.connect(self._on_run)
        studio.training_changed.connect(self._update_enabled)
        studio.picture_sent.connect(self._on_picture_sent)
        studio.restored.connect(self._on_restored)
        self._update_enabled()

    def draw(self) -> None:
        """Draw a new trajectory with the settings shown; a running one gives way."""
        if not self._studio.can_draw or self._studio.run is None:
            return
        request = SampleRequest(
            run=self._studio.run,
            count=self.count.currentData(),
            frames=_FRAMES,
            **self.sampler.value(),
        )
        self.messages.clear()
        self._play_timer.stop()
        self.trajectory = Trajectory()
        self._job = self._studio.submit(tasks.sample(request, slot="reverse"))
        self._job.emitted.connect(self._on_event)
        self._job.finished.connect(self._on_finished)
        self._job.failed.connect(self._on_failed)

    def play(self) -> None:
        """Play from noise to picture, or pause."""
        if self._play_timer.isActive():
            self._play_timer.stop()
        elif len(self.trajectory) > 1:
            if self.slider.value() == self.slider.maximum():
                self.slider.setValue(0)
            self._play_timer.start()
        self._show_playing()

    def showEvent(self, event: object) -> None:
        """Draw at once when the tab is looked at for the first time."""
        super().showEvent(event)  # type: ignore[arg-type]
        self._draw_first()

    def _register(self, actions: ActionRegistry) -> None:
        category = self.tr("&Reverse process")
        self._draw_action = actions.add(
            "reverse.draw",
            self.tr("Draw a new process"),
            self.draw,
            category=category,
            shortcut="Ctrl+Return",
            icon="refresh-cw",
            tip=self.tr("Draw from noise again with these settings"),
        )
        self._play_action = actions.add(
            "reverse.play",
            self.tr("Play or pause the process"),
            self.play,
            category=category,
            shortcut="Ctrl+Space",
            icon="play",
        )

    def _views_layout(self) -> QGridLayout:
        titles = {
            "x_t": self.tr("xₜ  noisy picture"),
            "x0_hat": self.tr("x̂₀  predicted picture"),
            "eps": self.tr("ε̂  predicted noise"),
        }
        grid = QGridLayout()
        grid.setSpacing(SPACE_M)
        for column, key in enumerate(VIEWS):
            title = label(titles[key], "muted")
            title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(title, 0, column)
            grid.addWidget(self.views[key], 1, column)
            grid.setColumnStretch(column, 1)
        grid.setRowStretch(1, 1)
        return grid

    def _scrub_row(self) -> QHBoxLayout:
        self.play_button = tool_button("play", self.tr("Play"), self._play_action.toolTip())
        self.play_button.clicked.connect(self.play)
        self.loop = tool_button(
            "repeat", self.tr("Loop"), self.tr("Begin again at the end"), checkable=True
        )
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        for part in (self.play_button, self.loop, label("T", "muted")):
            row.addWidget(part)
        row.addWidget(self.slider, 1)
        row.addWidget(label("0", "muted"))
        row.addWidget(self.moment)
        return row

    def _control_rows(self, actions: ActionRegistry) -> QVBoxLayout:
        self.count = QComboBox()
        for count in _COUNTS:
            self.count.addItem(str(count), count)
        self.count.setCurrentIndex(_COUNTS.index(16))
        name(self.count, self.tr("Count"), self.tr("How many pictures"))
        self.sampler = SamplerBar(sampler="ddim", steps=50)
        self.draw_button = button(
            self.tr("Draw"), self._draw_action.toolTip(), icon="refresh-cw", role="primary"
        )
        self.draw_button.clicked.connect(self.draw)
        self.export = ExportMenu(
            self._studio, actions, "reverse", self.tr("&Reverse process"), self._to_export
        )
        self.export.report_to(self.messages)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(label(self.tr("count"), "muted"))
        row.addWidget(self.count)
        row.addStretch()
        row.addWidget(self.draw_button)
        row.addWidget(self.export)
        rows = QVBoxLayout()
        rows.setSpacing(SPACE_M)
        rows.addWidget(self.sampler)
        rows.addLayout(row)
        return rows

    def _on_event(self, event: Event) -> None:
        if not isinstance(event, FrameImages) or self.sender() is not self._job:
            return
        at_end = self.slider.value() >= len(self.trajectory) - 1
        self.trajectory.frames.append(event)
        self.slider.setEnabled(True)
        self.slider.setMaximum(len(self.trajectory) - 1)
        if at_end:
            # The picture sharpens before the eyes, unless one looks at an earlier moment.
            self.slider.setValue(len(self.trajectory) - 1)
            self._show_frame(len(self.trajectory) - 1)

    def _on_finished(self, drawn: Drawn) -> None:
        self.trajectory.recipe = drawn.recipe
        if self._chosen is not None:
            self.views["x0_hat"].select([self._chosen])
            self._chosen = None
        self._show_strip()
        self._show_frame(self.slider.value())
        self.export.refresh()

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)

    def _on_run(self) -> None:
        view = self._studio.run_view
        if view is not None:
            self.sampler.set_timesteps(view.summary.timesteps)
            self.sampler.set_classes(view.summary.known_classes)
        if self.trajectory.recipe and self._drawn_from() != str(self._studio.run):
            self.trajectory = Trajectory()
            for grid in self.views.values():
                grid.set_pictures(None)
        self._update_enabled()
        self._draw_first()

    def _on_picture_sent(self, where: str, _: Pictures, recipe: object) -> None:
        """Draw a picture's process again: with its sampler and seed it is the same."""
        if where != "reverse":
            return
        request = recipe.get("request") if isinstance(recipe, dict) else None
        if isinstance(request, dict):
            self.sampler.set_value(request)
            index = self.count.findData(request.get("count"))
            self.count.setCurrentIndex(index if index >= 0 else self.count.currentIndex())
            self._delay.start()

    def _on_restored(self, found: Restored) -> None:
        """Draw all over again what a dropped picture was one of."""
        fields = found.request.model_dump()
        self.sampler.set_value(fields)
        if self.count.findData(found.request.count) < 0:
            self.count.addItem(str(found.request.count), found.request.count)
        self.count.setCurrentIndex(self.count.findData(found.request.count))
        self._delay.stop()
        self._chosen = found.index
        self.draw()

    def _drawn_from(self) -> str:
        request = self.trajectory.recipe.get("request")
        return str(request.get("run")) if isinstance(request, dict) else ""

    def _draw_first(self) -> None:
        busy = self._job is not None and not self._job.state.over
        if self.isVisible() and not len(self.trajectory) and not busy:
            self.draw()

    def _update_enabled(self) -> None:
        can = self._studio.can_draw
        for widget in (self.draw_button, self.sampler, self.count, self.play_button, self.loop):
            widget.setEnabled(can)
        self._draw_action.setEnabled(can)
        self._play_action.setEnabled(can)
        text = self.tr("Press Draw") if can else self.tr("Train or open a model first")
        for key, grid in self.views.items():
            grid.set_empty("film" if key == "x0_hat" else "image", text if key == "x0_hat" else "")

    def _show_frame(self, index: int) -> None:
        if not 0 <= index < len(self.trajectory):
            return
        for key, grid in self.views.items():
            grid.set_pictures(
                self.trajectory.view(key, index), recipe=self.trajectory.recipe or None
            )
        self.moment.setText(f"t = {self.trajectory.frames[index].t:,}")
        if self._strip_indices:
            nearest = min(
                range(len(self._strip_indices)), key=lambda k: abs(self._strip_indices[k] - index)
            )
            self.strip.set_current(nearest)

    def _show_strip(self) -> None:
        picture = max(0, self.views["x0_hat"].current)
        pictures, self._strip_indices = self.trajectory.strip("x0_hat", picture, _STRIP)
        moments = [self.trajectory.frames[i].t for i in self._strip_indices]
        self.strip.set_frames(pictures, [f"{t:,}" for t in moments])

    def _on_strip(self, position: int) -> None:
        self.slider.setValue(self._strip_indices[position])

    def _on_current(self, picture: int) -> None:
        for grid in self.views.values():
            if grid.current != picture and 0 <= picture < grid.count:
                grid.select([picture])
        if self.trajectory.recipe:
            self._show_strip()

    def _advance(self) -> None:
        if self.slider.value() < self.slider.maximum():
            self.slider.setValue(self.slider.value() + 1)
        elif self.loop.isChecked():
            self.slider.setValue(0)
        else:
            self._play_timer.stop()
            self._show_playing()

    def _show_playing(self) -> None:
        playing = self._play_timer.isActive()
        set_icon(self.play_button, "pause" if playing else "play")
        self.play_button.setAccessibleName(self.tr("Pause") if playing else self.tr("Play"))

    def _to_export(self) -> Export | None:
        if not self.trajectory.recipe:
            return None
        frames = list(self.trajectory.frames)

        def grids() -> Sequence[Pictures]:
            from ddpm_studio.export import make_grid

            return [make_grid(frame.x_t) for frame in frames]

        return Export(
            self.trajectory.view("x_t", self.slider.value()),
            self.trajectory.recipe,
            max(0, self.views["x_t"].current),
            frames=grids,
            stem="reverse",
        )
