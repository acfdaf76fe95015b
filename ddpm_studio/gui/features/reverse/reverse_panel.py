"""Reverse process: scrub from noise to picture; views side by side, samplers in step (Fig. 6)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.age_row import AgeRow
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.turn import Turn
from ddpm_studio.gui.features.reverse.compare_row import CompareRow
from ddpm_studio.gui.features.reverse.player import Player
from ddpm_studio.gui.features.reverse.process_frames import ProcessFrames
from ddpm_studio.gui.features.reverse.process_size import ProcessSize
from ddpm_studio.gui.features.reverse.process_views import ProcessViews
from ddpm_studio.gui.features.reverse.trajectory import Process, Trajectory
from ddpm_studio.gui.features.reverse.view_bar import ViewBar
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.tall_area import FilledArea
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip
from ddpm_studio.gui.widgets.plots.noise_curve import NoiseCurve
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe, Restored, drawn_by, follow_run
from ddpm_studio.jobs.events import Drawn, Event, FrameImages, Pictures
from ddpm_studio.requests import SampleRequest

_DEBOUNCE_MS = 200
_CURVE_WIDTH = 176
# Where it has the row to itself.
_CURVE_MOST = 4096


class ReversePanel(QWidget):
    """Draws a reverse process, or several from the same noise, and lets one walk through."""

    shown = Signal(int)
    """Another t is shown."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self.process = Process()
        self._jobs: list[JobHandle[Drawn]] = []
        self._wanted: Restored | None = None
        self._asked = False
        self._turn = Turn(studio, self)
        category = self.tr("&Reverse process")
        self._draw_action = actions.add(
            "reverse.draw",
            self.tr("Draw a new process"),
            self.draw,
            category=category,
            shortcut="Ctrl+Return",
            icon="refresh-cw",
            tip=self.tr("Draw from noise again with these settings, and keep it in the gallery"),
        )
        self.messages = MessageBar()
        self.age = AgeRow(studio, self._draw_action, self._recipe, self._waiting)
        self.views = ProcessViews()
        self.bar = ViewBar(self.views, actions, "reverse", category)
        self.inspector = ElidedLabel("", "caption")
        self.player = Player(actions, "reverse", category)
        self.slider, self.moment = self.player.slider, self.player.moment
        self.strip = FilmStrip()
        self.curve = NoiseCurve()
        self.curve.hide()  # Without a model there is no schedule.
        self.curve.setMinimumWidth(_CURVE_WIDTH)
        self.curve.setMaximumWidth(_CURVE_WIDTH)
        self.sampler = SamplerBar(steps=50, in_turn=True)
        self.size_choice = ProcessSize(studio, self)
        self.count, self.moments = self.size_choice.count, self.size_choice.moments
        self.compare = CompareRow()
        self.compare.hide()
        self._compare_action = actions.add(
            "reverse.compare",
            self.tr("Compare samplers"),
            self._on_compare,
            category=category,
            icon="git-compare",
            tip=self.tr("Walk other samplers from the same noise, in step"),
            checkable=True,
        )
        self.export = ExportMenu(studio, actions, "reverse", category, self._to_export)
        self.export.report_to(self.messages)
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_DEBOUNCE_MS)
        self._delay.timeout.connect(self.draw)
        self._build()
        self._connect()
        self._inspect("")
        self._update_enabled()

    @property
    def trajectory(self) -> Trajectory:
        """The first sampler's; empty while nothing is drawn."""
        return self.process.trajectories[0] if self.process.trajectories else Trajectory()

    def draw(self) -> None:
        """Draw with the settings shown; what is being drawn gives way."""
        self._draw(asked=True)

    def _draw(self, *, asked: bool) -> None:
        run = self._studio.run
        if not self._studio.can_draw or run is None:
            return
        self._delay.stop()
        first = self.sampler.value()
        others = self.compare.values() if self._compare_action.isChecked() else []
        titles = [self.sampler.words, *self.compare.words[: len(others)]]
        moments = self._moments(len(others))
        requests = [
            SampleRequest(run=run, count=self.size_choice.pictures, frames=moments, **first | other)
            for other in ({}, *others)
        ]
        begun = [specs.drawing.draw(one, f"reverse {k}") for k, one in enumerate(requests)]
        self._begin(begun, titles, asked=asked)

    def _begin(
        self, begun: Sequence[JobSpec[Drawn]], titles: Sequence[str], *, asked: bool
    ) -> None:
        self.messages.clear()
        self._asked = asked
        self._turn.forget()
        self.show_process(Process([Trajectory(title=title) for title in titles]))
        self.views.empty.set_content("film", self.tr("Drawing…"))
        for job in self._jobs:
            self._studio.backend.cancel(job)
        self._jobs = [self._studio.submit(spec, asked=asked) for spec in begun]
        for job in self._jobs:
            job.on_event(self._on_event)
            job.on_finished(self._on_finished)
            job.on_failed(self._on_failed)
            job.ended.connect(self.age.refresh)
        self.age.refresh()

    def show_process(self, process: Process) -> None:
        """Show a process instead of the one shown; from its end."""
        self.process = process
        self.player.stop()
        self.player.set_places(len(process))
        self.views.set_process(process)
        self.strip.clear()
        # Of the one before.
        self.bar.noise.clear()
        self.kept.clear()
        if process.ready:
            self.player.go(len(process) - 1)
            self._show(self.player.place)
        if process.finished:
            self._show_whole()
        self.export.refresh()

    def showEvent(self, event: object) -> None:
        """Draw at once when the tab is looked at for the first time."""
        super().showEvent(event)  # type: ignore[arg-type]
        # The window may show it for a new model before it was told of that model itself.
        self._on_run()

    def _build(self) -> None:
        self.kept = ElidedLabel("", "caption")
        self.draw_button = button(
            self.tr("Draw"), self._draw_action.toolTip(), icon="refresh-cw", role="primary"
        )
        self.draw_button.clicked.connect(self.draw)
        bottom = QHBoxLayout()
        bottom.setSpacing(SPACE_M)
        bottom.addWidget(self.strip, 4)
        bottom.addWidget(self.curve, 1)
        choices = FlowLayout()
        for part in (
            *self.size_choice.rows(),
            ActionTool(self._compare_action, self.tr("Compare")),
        ):
            choices.addWidget(part)
        last = QHBoxLayout()
        last.setSpacing(SPACE_M)
        last.addLayout(choices, 1)
        last.addWidget(self.draw_button)
        last.addWidget(self.export)
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_M)
        layout.addWidget(self.messages)
        layout.addWidget(self.age)
        layout.addWidget(self.bar)
        layout.addWidget(self.views, 1)
        layout.addWidget(self.inspector)
        layout.addWidget(self.player)
        layout.addLayout(bottom)
        layout.addWidget(self.sampler)
        layout.addWidget(self.compare)
        layout.addLayout(last)
        layout.addWidget(self.kept)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(FilledArea(body, self.tr("Reverse process")))

    def _connect(self) -> None:
        studio = self._studio
        self.player.moved.connect(self._show)
        self.strip.scrubbed.connect(partial(self._on_scrubbed, 0))
        self.views.scrubbed.connect(self._on_scrubbed)
        self.views.inspected.connect(self._inspect)
        self.views.current_changed.connect(self._show_strip)
        self.bar.changed.connect(self._on_views)
        self.curve.chosen.connect(self._on_t)
        for part in (self.sampler.changed, self.compare.changed, self.size_choice.changed):
            part.connect(self._delay.start)
        studio.run_changed.connect(self._on_run)
        studio.run_moved.connect(self._on_run_moved)
        studio.training_changed.connect(self._update_enabled)
        studio.opening_changed.connect(self._update_enabled)
        studio.picture_sent.connect(self._on_picture_sent)
        studio.restored.connect(self._on_restored)
        self._turn.came.connect(self._draw_first)

    def _moments(self, others: int) -> int:
        """How many moments to ask for where so many samplers walk beside the first."""
        steps = [bar.number_of_steps for bar in (self.sampler, *self.compare.bars)]
        return self.size_choice.affordable(steps[: 1 + others])

    def _on_event(self, event: Event) -> None:
        which = self._sender()
        if not isinstance(event, FrameImages) or which is None:
            return
        place = self.player.place
        at_end = place >= len(self.process) - 1
        t = self.process.t(place) if self.process.ready and not at_end else None
        self.process.add(which, event)
        self.player.set_places(len(self.process))
        self.views.grow()
        # The picture sharpens before the eyes, unless one looks at an earlier moment.
        last = len(self.process) - 1
        target = (
            last if t is None else self.process.place_at(t) if self.process.comparing else place
        )
        moved = target != self.player.place
        self.slider.setValue(target)
        if not moved and (t is None or self.process.comparing):
            self._show(target)

    def _on_finished(self, drawn: Drawn) -> None:
        which = self._sender()
        if which is None:
            return
        self.process.trajectories[which].recipe = drawn.recipe
        if not self.process.finished:
            return
        if self._wanted is not None:
            self.views.select(self._wanted.index)
            self.player.go(self.process.place_at(self._wanted.moment))
            self._wanted = None
        self._show_whole()
        self._show(self.player.place)
        self.export.refresh()
        self.age.refresh()

    def _sender(self) -> int | None:
        """Which of the trajectories now drawn an event belongs to."""
        job = self.sender()
        return next((k for k, known in enumerate(self._jobs) if known is job), None)

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)
        self._update_enabled()

    def _on_run(self) -> None:
        view = self._studio.run_view
        self.curve.setVisible(view is not None and view.alphas_cumprod is not None)
        if view is not None:
            self.sampler.follow(view)
            self.compare.follow(view)
            self.curve.set_schedule(view.alphas_cumprod)
        if self.trajectory.recipe and self._drawn_from() != str(self._studio.run):
            self.show_process(Process())
        self._update_enabled()
        self._draw_first()

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        """Keep what was drawn by a run that has only another name."""
        if old is not None and new is not None:
            for trajectory in self.process.trajectories:
                follow_run(trajectory.recipe, old, new)

    def _on_picture_sent(self, where: str, _: Pictures, recipe: object) -> None:
        """Draw a picture's process again: with its sampler and seed it is the same."""
        if where != "reverse":
            return
        request = drawn_by(recipe) if isinstance(recipe, dict) else None
        if isinstance(request, dict):
            self.sampler.set_value(request)
            index = self.count.findData(request.get("count"))
            self.count.setCurrentIndex(index if index >= 0 else self.count.currentIndex())
            self._delay.start()

    def _on_restored(self, found: Restored) -> None:
        """Draw all over again what a dropped picture was one of."""
        if not isinstance(found.request, SampleRequest):
            return
        fields: dict[str, Any] = found.request.model_dump()
        self._compare_action.setChecked(False)
        self.compare.hide()
        self.sampler.set_value(fields)
        self.size_choice.choose(found.request.count, found.request.frames)
        self._wanted = found
        self._delay.stop()
        again = specs.drawing.redraw(found.with_frames(self._moments(0)), slot="reverse 0")
        self._begin([again], [self.sampler.words], asked=True)

    def _drawn_from(self) -> str:
        request = self.trajectory.recipe.get("request")
        return str(request.get("run")) if isinstance(request, dict) else ""

    @property
    def _busy(self) -> bool:
        return any(not job.state.over for job in self._jobs)

    def _draw_first(self) -> None:
        if self.isVisible() and self._studio.can_draw and not (len(self.process) or self._busy):
            if not self._turn.comes_later():
                self._draw(asked=False)
            self.age.refresh()

    def _recipe(self) -> Recipe | None:
        return self.trajectory.recipe or None

    def _waiting(self) -> str:
        return self._turn.words(self._busy and not self._asked)

    def _on_compare(self, comparing: bool) -> None:
        self.compare.setVisible(comparing)
        self.bar.set_comparing(comparing)
        self.draw()

    def _update_enabled(self) -> None:
        can = self._studio.can_draw
        for widget in (self.draw_button, self.sampler, self.compare, self.count, self.moments):
            widget.setEnabled(can)
        for action in (self._draw_action, self._compare_action):
            action.setEnabled(can)
        text = self.tr("Press Draw") if can else self._studio.no_model
        self.views.empty.set_content("film", text)

    def _show(self, place: int) -> None:
        if not self.process.ready or not 0 <= place < len(self.process):
            return
        self.views.show_place(place)
        t = self.process.t(place)
        self.moment.setText(f"t = {t:,}")
        self.curve.set_t(t)
        self.bar.noise.setText(self.curve.words)
        self.strip.set_current(self.process.index(0, place))
        self.shown.emit(t)

    def _show_whole(self) -> None:
        """Show what is known when all have been drawn: the strip, the ticks, the memory."""
        self._show_strip()
        self.curve.set_ticks([one.ts for one in self.process.trajectories])
        self.kept.setText(self.size_choice.words(self.process))

    def _show_strip(self, *_: object) -> None:
        if not self.process.ready:
            return
        chosen = self.views.chosen
        view = "x0_hat" if "x0_hat" in chosen else chosen[0]
        way = self.trajectory.way(view, max(0, self.views.picture))
        self.strip.set_frames(way, [f"{t:,}" for t in self.trajectory.ts])
        self.strip.set_current(self.process.index(0, self.player.place))

    def _on_views(self) -> None:
        whole = self.views.arrangement == "strip"
        self.strip.setVisible(not whole)
        self.curve.setMaximumWidth(_CURVE_MOST if whole else _CURVE_WIDTH)
        self._show_strip()
        self.export.refresh()

    def _on_scrubbed(self, which: int, index: int) -> None:
        place = index
        if self.process.comparing:
            place = self.process.place_at(self.process.trajectories[which].frames[index].t)
        self.player.go(place)

    def _on_t(self, t: int) -> None:
        if self.process.ready:
            self.player.go(self.process.place_at(t))

    def _inspect(self, told: str) -> None:
        hint = self.tr("Point at a picture for the numbers; Alt and arrows do it from the keyboard")
        self.inspector.setText(told or hint)

    def _to_export(self) -> Export | None:
        if not self.process.finished:
            return None
        view, place = self.views.chosen[0], self.player.place
        index = self.process.index(0, place)
        current = max(0, self.views.picture)
        alone = current if self.views.arrangement == "single" else None
        return Export(
            self.trajectory.view(view, index),
            {**self.trajectory.recipe, "moment": self.trajectory.frames[index].t, "view": view},
            current,
            frames=partial(ProcessFrames, self.process, self.views.chosen, alone),
            stem="reverse",
        )
