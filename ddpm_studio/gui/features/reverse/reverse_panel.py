"""Reverse process panel: scrub from noise to picture, compare samplers in step (DDPM Fig. 6)."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.reverse.compare_row import CompareRow
from ddpm_studio.gui.features.reverse.inspector import Inspector
from ddpm_studio.gui.features.reverse.player import Player
from ddpm_studio.gui.features.reverse.process_frames import ProcessFrames
from ddpm_studio.gui.features.reverse.process_size import ProcessSize
from ddpm_studio.gui.features.reverse.process_views import SYMBOLS, ProcessViews
from ddpm_studio.gui.features.reverse.trajectory import Process, Trajectory
from ddpm_studio.gui.features.reverse.view_bar import ViewBar
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip
from ddpm_studio.gui.widgets.plots.noise_curve import NoiseCurve
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe, update_run_path
from ddpm_studio.jobs.events import DrawingResult, Event, FrameImages, InterleavedEvent, Notice
from ddpm_studio.requests import SampleRequest

_CURVE_WIDTH = 176
_ROOM_FOR_STRIP = 690
# Maximum width of the curve where it has the row to itself, in pixels.
_CURVE_MAX_WIDTH = 4096


class ReversePanel(ToolPanel):
    """Draws a reverse process, or several from the same noise, and scrubs through its frames."""

    tool = "reverse"

    shown = Signal(int)
    """Another t is shown."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.process = Process()
        self._moment = 0
        category = self.category
        self._draw_action = actions.add(
            "reverse.draw",
            self.tr("Draw a new process"),
            self.draw_now,
            category=category,
            shortcut="Ctrl+Return",
            icon="refresh-cw",
            tip=self.tr("Draw from noise again with these settings, and keep it in the gallery"),
        )
        self.views = ProcessViews(self.studio)
        self.bar = ViewBar(self.views, actions, "reverse", category)
        self.inspector = Inspector(self.views)
        self.player = Player(actions, "reverse", category)
        self.slider, self.moment = self.player.slider, self.player.moment
        self.strip = FilmStrip()
        self.curve = NoiseCurve()
        self.curve.hide()  # Without a model there is no schedule.
        self.curve.setMinimumWidth(_CURVE_WIDTH)
        self.curve.setMaximumWidth(_CURVE_WIDTH)
        self.sampler = SamplerBar(steps=50, offer_all_classes=True, without_layout=True)
        self.size_choice = ProcessSize(studio, self.views.coverage, self)
        self.count, self.moments = self.size_choice.count, self.size_choice.moments
        self.compare = CompareRow()
        self.compare.hide()
        self._compare_action = actions.add(
            "reverse.compare",
            self.tr("Compare samplers"),
            self._on_compare,
            category=category,
            icon="git-compare",
            tip=self.tr("Run other samplers from the same noise, side by side"),
            checkable=True,
        )
        self.export = ExportMenu(
            studio, actions, "reverse", category, self._to_export, numbers=True
        )
        self.export.set_message_bar(self.messages)
        self._build()
        self._add_stale_notice(self._draw_action)
        self._connect()
        self._on_run()

    @property
    def trajectory(self) -> Trajectory:
        """Trajectory of the first sampler; empty while nothing is drawn."""
        return self.process.trajectories[0] if self.process.trajectories else Trajectory()

    def _spec(self) -> JobSpec[object] | None:
        run = self.studio.run
        if run is None:
            return None
        first = self.sampler.value()
        others = self.compare.values() if self._compare_action.isChecked() else []
        titles = [self.sampler.summary, *self.compare.summaries[: len(others)]]
        moments, compact = self._moments(len(others)), self.size_choice.compact
        requests = [
            SampleRequest(run=run, count=self.size_choice.pictures, frames=moments, **first | other)
            for other in ({}, *others)
        ]
        self.show_process(Process([Trajectory(title=title, compact=compact) for title in titles]))
        self.views.empty.set_content("film", self.tr("Drawing…"))
        if others:
            return specs.drawing.sample_interleaved(requests, "reverse")
        return specs.drawing.draw(requests[0], "reverse")

    def show_process(self, process: Process) -> None:
        """Show another process, at its last position."""
        self.process = process
        self.player.stop()
        self._update_player()
        self.views.set_process(process)
        self.strip.clear()
        # These described the previous process.
        self.bar.noise.clear()
        self.kept.clear()
        if process.ready:
            self.player.seek(len(process) - 1)
            self._show(self.player.position)
        if process.finished:
            self._show_all_frames()
        self.export.refresh()

    def _build(self) -> None:
        self.kept = ElidedLabel("", "caption")
        self.draw_button = button(
            self.tr("Draw"), self._draw_action.toolTip(), icon="refresh-cw", role="primary"
        )
        self.draw_button.clicked.connect(self.draw_now)
        self.drawer = SamplerDrawer(self.views, self.sampler)
        moments_row = self.drawer.add(
            self.size_choice.moments_row, self.size_choice.moments.toolTip()
        )
        moments_row.add(self.kept)
        for control in self.bar.drawer_controls:
            self.drawer.add(control, control.toolTip())
        self._below = QWidget()
        strip_row = QHBoxLayout(self._below)
        strip_row.setContentsMargins(0, 0, 0, 0)
        strip_row.setSpacing(SPACE_M)
        strip_row.addWidget(self.strip, 4)
        strip_row.addWidget(self.curve, 1)
        self.curve.setFixedHeight(self.strip.minimumHeight())
        player_row = QHBoxLayout()
        player_row.setSpacing(SPACE_M)
        player_row.addWidget(self.player, 1)
        player_row.addWidget(self.bar.noise)
        row = ControlRow(self.drawer)
        row.add(self.draw_button, keep=True)
        row.add(self.bar, keep=True)
        for part, tip in (
            (self.size_choice.count_row, self.count.toolTip()),
            *self.drawer.row_controls,
            (ActionTool(self._compare_action), self._compare_action.toolTip()),
        ):
            row.add(part, tip)
        row.set_corner(inline_group(self.drawer.button, self.export))
        self.content.addWidget(self.views, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(player_row)
        for widget in (self._below, self.compare, row):
            self.content.addWidget(widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide the film strip and the curve in a low window, to leave room for the pictures."""
        super().resizeEvent(event)
        self._below.setHidden(self.height() < _ROOM_FOR_STRIP)

    def _connect(self) -> None:
        self.player.position_changed.connect(self._show)
        self.strip.scrubbed.connect(partial(self._on_scrubbed, 0))
        self.views.scrubbed.connect(self._on_scrubbed)
        self.views.inspected.connect(self.inspector.show_values)
        self.views.current_changed.connect(self._show_strip)
        self.views.selection_changed.connect(self.export.refresh)
        self.bar.changed.connect(self._on_views)
        self.curve.chosen.connect(self._on_t)
        for part in (self.sampler.changed, self.compare.changed, self.size_choice.changed):
            part.connect(self.draw_later)

    def _moments(self, other_count: int) -> int:
        """Return the number of frames to request if ``other_count`` samplers are compared too."""
        steps = [bar.number_of_steps for bar in (self.sampler, *self.compare.bars)]
        return self.size_choice.frames_within_budget(steps[: 1 + other_count])

    def _on_event(self, event: Event) -> None:
        number, inner_event = (
            (event.which, event.event) if isinstance(event, InterleavedEvent) else (0, event)
        )
        if isinstance(inner_event, FrameImages):
            self._show_frame(number, inner_event)
        elif isinstance(inner_event, DrawingResult):
            self.process.trajectories[number].recipe = inner_event.recipe
            self._keep_in_gallery(inner_event)
        elif isinstance(inner_event, Notice):
            self.messages.show_info(inner_event.text)

    def _update_player(self) -> None:
        last = len(self.process) - 1
        self.player.set_position_count(last + 1, self.process.t(last) if self.process.ready else 0)

    def _show_frame(self, number: int, event: FrameImages) -> None:
        position = self.player.position
        at_end = position >= len(self.process) - 1
        t = self.process.t(position) if self.process.ready and not at_end else None
        self.process.add(number, event)
        self._update_player()
        self.views.update_strips()
        # Follow the newest frame, unless an earlier one is being looked at.
        last = len(self.process) - 1
        target = (
            last
            if t is None
            else self.process.position_at(t)
            if self.process.comparing
            else position
        )
        position_changed = target != self.player.position
        self.slider.setValue(target)
        if not position_changed and (t is None or self.process.comparing):
            self._show(target)

    def _on_finished(self, result: object) -> None:
        if isinstance(result, DrawingResult):
            self.drawn = result
            self.trajectory.recipe = result.recipe
        self._show_all_frames()
        self._show(self.player.position)
        self.export.refresh()

    def _show_not_drawn(self) -> None:
        self._show_page()

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.sampler.follow(view)
            self.compare.follow(view)
        self.cancel_drawing()
        self.show_process(Process())

    def _on_run(self) -> None:
        view = self.studio.run_view
        self.curve.setVisible(view is not None and view.alphas_cumprod is not None)
        if view is not None:
            self.curve.set_schedule(view.alphas_cumprod)
        super()._on_run()

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        super()._on_run_moved(old, new)
        if old is not None and new is not None:
            for trajectory in self.process.trajectories:
                update_run_path(trajectory.recipe, old, new)

    def _show_restored(self, found: ParsedRecipe) -> None:
        fields: dict[str, Any] = found.request.model_dump()
        self._compare_action.setChecked(False)
        self.compare.hide()
        self.bar.set_comparing(False)
        self.sampler.set_value(fields)
        self.size_choice.choose(fields["count"], fields["frames"])
        self._moment = found.moment

    @property
    def _redraw_frame_count(self) -> int:
        return self._moments(0)

    def _select(self, index: int) -> None:
        self.views.select(index)
        self.player.seek(self.process.position_at(self._moment))

    @property
    def shown_recipe(self) -> Recipe | None:
        """Recipe of the process, with the t that is shown as ``moment``."""
        recipe = self._recipe()
        if recipe is None or not self.process.ready:
            return None
        return {**recipe, "moment": self.process.t(self.player.position)}

    def _recipe(self) -> Recipe | None:
        return self.trajectory.recipe or None

    def _on_compare(self, comparing: bool) -> None:
        self.compare.setVisible(comparing)
        self.bar.set_comparing(comparing)
        self.draw_now()

    def _show_page(self) -> None:
        """Show the views even without a model: their empty state then says what to do."""
        self.pages.setCurrentIndex(1)
        can_draw = self.studio.can_draw
        row_controls = (part for part, _ in self.drawer.row_controls)
        parts = (*row_controls, self.drawer.button, self.compare, self.count, self.moments)
        for widget in (self.draw_button, *parts):
            widget.setEnabled(can_draw)
        for action in (self._draw_action, self._compare_action):
            action.setEnabled(can_draw)
        text = self.tr("Press Draw") if can_draw else self.studio.no_model
        self.views.empty.set_content("film", text)

    def _show(self, position: int) -> None:
        if not self.process.ready or not 0 <= position < len(self.process):
            return
        self.views.show_position(position)
        t = self.process.t(position)
        self.moment.setText(f"t = {t:,}")
        self.curve.set_t(t)
        self.bar.noise.setText(self.curve.description)
        self.strip.set_current(self.process.index(0, position))
        self.shown.emit(t)

    def _show_all_frames(self) -> None:
        """Show what needs all frames: the film strip, the ticks of the curve, the memory used."""
        self._show_strip()
        self.curve.set_ticks([trajectory.ts for trajectory in self.process.trajectories])
        self.kept.setText(self.size_choice.summary(self.process))

    def _show_strip(self, *_: object) -> None:
        if not self.process.ready:
            return
        chosen = self.views.chosen
        view = "x0_hat" if "x0_hat" in chosen else chosen[0]
        picture_frames = self.trajectory.picture_frames(view, max(0, self.views.picture))
        self.strip.set_frames(picture_frames, [f"{t:,}" for t in self.trajectory.ts])
        self.strip.set_current(self.process.index(0, self.player.position))

    def _on_views(self) -> None:
        only_curve = self.views.arrangement == "strip"
        self.strip.setVisible(not only_curve)
        self.curve.setMaximumWidth(_CURVE_MAX_WIDTH if only_curve else _CURVE_WIDTH)
        self._show_strip()
        self.export.refresh()

    def _on_scrubbed(self, number: int, index: int) -> None:
        position = index
        if self.process.comparing:
            position = self.process.position_at(self.process.trajectories[number].frames[index].t)
        self.player.seek(position)

    def _on_t(self, t: int) -> None:
        if self.process.ready:
            self.player.seek(self.process.position_at(t))

    def _to_export(self) -> Export | None:
        if not self.process.finished:
            return None
        number, view = self.views.active_view
        trajectory = self.process.trajectories[number]
        index = self.process.index(number, self.player.position)
        current = max(0, self.views.picture)
        single_picture = current if self.views.arrangement == "single" else None
        several = len(self.views.keys) > 1
        title = f" ({trajectory.title})" if self.process.comparing else ""
        return Export(
            trajectory.view(view, index),
            {**trajectory.recipe, "moment": trajectory.frames[index].t, "view": view},
            current,
            frames=partial(ProcessFrames, self.process, self.views.chosen, single_picture),
            stem="reverse",
            numbers=trajectory.numbers(view),
            chosen=self.views.has_selection,
            view=SYMBOLS[view] + title if several else "",
            view_stem=view if several else "",
        )
