"""Interpolation panel: latent-space interpolation between pictures (DDPM Fig. 8, 9)."""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.drawing_rows import DrawingRows
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.features.interpolate.lambda_previewer import LambdaPreviewer
from ddpm_studio.gui.features.interpolate.mix_choices import MixChoices, restored_mode
from ddpm_studio.gui.features.interpolate.mix_export import mixed_export
from ddpm_studio.gui.features.interpolate.mix_pictures import MixPictures
from ddpm_studio.gui.features.interpolate.mix_view import SLIDER, MixView
from ddpm_studio.gui.features.interpolate.path_view import PathView
from ddpm_studio.gui.features.interpolate.random_pictures import request_random_pictures
from ddpm_studio.gui.platform.images import PictureDrop, Pictures
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe
from ddpm_studio.jobs.events import DrawingResult, Event, FrameImages
from ddpm_studio.requests import InterpolateRequest, PathRequest

_FRAMES = 25
_ROWS = (0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1)
_MIN_WIDTH_WITH_TEXT = 1040
_KEYS, _MAX_AT_ONCE = 3, 4


class InterpolatePanel(ToolPanel):
    """Source pictures, timestep t and their interpolations; the noise is fixed over λ."""

    tool = "interpolate"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self._first_pick_done = False
        self.rows = DrawingRows()
        self._pictures: Pictures | None = None
        self._row = self._shown = 0
        self.export = ExportMenu(studio, actions, "interpolate", self.category, self._to_export)
        self.export.set_message_bar(self.messages)
        self.view = MixView(studio)
        self.a, self.b, self.c, self.d = self.view.all_slots
        self.preview, self.slider = self.view.preview, self.view.slider
        self.lambda_label = self.view.lambda_label
        self._lambda_previewer = LambdaPreviewer(studio, self.view, self._spec_at, self)
        self.path = PathView(studio)
        self.time = TimeSlider(tip=self.tr("0: a blend of pixels. T: new pictures"))
        self.sampler = SamplerBar(offer_picture_classes=True, without_layout=True)
        self.grid = RowGrid(self.tr("From A to B"))
        self.choices = MixChoices(
            actions, self.category, self.pick_random, self.swap, self.draw_now
        )
        for grid in (self.grid, self.preview, self.path.preview):
            PictureMenu(studio, grid)
        self._build()
        self._add_stale_notice(actions["interpolate.draw"])
        self._connect()
        self._on_mode()
        self._on_run()

    def _build(self) -> None:
        self._mixed = MixPictures(self.view, self.path, self.grid)
        self.drawer = SamplerDrawer(self._mixed, self.sampler)
        for part, sentence in self.choices.drawer_controls:
            self.drawer.add(part, sentence)
        self.choices.lay_out(self.drawer, inline_group(self.drawer.button, self.export))
        self.content.addWidget(self._mixed, 1)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.time)
        self.content.addWidget(self.choices)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show buttons without text where there is little room."""
        super().resizeEvent(event)
        self.choices.set_brief(self.width() < _MIN_WIDTH_WITH_TEXT)

    @property
    def mode(self) -> str:
        """The current interpolation mode; see :class:`MixChoices`."""
        return self.choices.mode

    def pick_random(self) -> None:
        """Fill the slots with random pictures of the open data set, else of the run's data."""
        self._pick_random(asked=True)

    def _pick_random(self, *, asked: bool) -> None:
        failed = self._on_failed if asked else self._on_none_found
        request_random_pictures(self.studio, _MAX_AT_ONCE, partial(self._fill_slots, asked), failed)

    def swap(self) -> None:
        """Swap A and B; in path mode, reverse the path."""
        if self.mode == "path":
            self.path.reverse()
        else:
            self.a.swap_with(self.b)

    def showEvent(self, event: QShowEvent) -> None:
        """Fill empty slots with random pictures the first time, so that something is drawn."""
        super().showEvent(event)
        self._pick_random_once()

    def _connect(self) -> None:
        for slot in self.view.all_slots:
            slot.fitted_changed.connect(self._on_source)
            slot.failed.connect(self._on_failed)
            slot.noticed.connect(self.messages.show_warning)
        self.time.changed.connect(self.draw_later)
        self.follow_drags(self.time, self.view.pad)
        self.sampler.changed.connect(self.draw_later)
        self.view.pad.changed.connect(self._show_preview)
        self.view.pad.changed.connect(self.draw_later)
        self.view.trail.recorded.connect(self._on_recorded)
        self.view.full_screen_button.clicked.connect(self._toggle_full_screen)
        self.path.changed.connect(self._on_source)
        self.path.failed.connect(self._on_failed)
        self.choices.changed.connect(self.draw_later)
        self.choices.mode_changed.connect(self._on_mode)
        self.slider.valueChanged.connect(self._show_preview)
        self.slider.sliderReleased.connect(self._show_preview)
        self.grid.current_changed.connect(self._on_current)
        self.studio.picture_sent.connect(self._on_picture_sent)

    def _spec(self) -> JobSpec[object] | None:
        labelled = self._mixed.keys(self.mode)
        if not labelled:
            return None
        keys = [picture for picture, _ in labelled]
        self.sampler.classes.set_pictures([class_label for _, class_label in labelled])
        self.drawn = None
        self.export.refresh()
        self._show_empty()
        common = {**self.choices.value(), **self.sampler.value()}
        if self.mode == "path":
            closed = self.path.closed.isChecked()
            request = PathRequest(
                run=self._run(), t=self.time.value, frames=_FRAMES, closed=closed, **common
            )
            return specs.drawing.draw(request, "interpolate", keys=keys)
        if self.mode == "pad" and self.view.trail.text:
            common |= {"trail": self.view.trail.text}
        elif self.mode == "pad":
            common |= {"u": self.view.pad.u, "v": self.view.pad.v}
        if self.mode == "matrix":
            ts = sorted({round(self.time.timesteps * fraction) for fraction in _ROWS})
            self.rows = DrawingRows(ts, self.choices.steps_lambda.value())
            # A model with few timesteps may have fewer rows than the previous one.
            self._row = min(self._row, len(ts) - 1)
            requests = [self._request(t, common) for t in ts]
            return specs.drawing.interpolate_series(requests, keys, "interpolate")
        return specs.drawing.draw(self._request(self.time.value, common), "interpolate", ends=keys)

    def _has_inputs(self) -> bool:
        return bool(self._keys())

    def _request(self, t: int, fields: dict[str, Any]) -> InterpolateRequest:
        return InterpolateRequest(run=self._run(), t=t, frames=_FRAMES, **fields)

    def _spec_at(self, position: float) -> JobSpec[DrawingResult] | None:
        """Return a job for the single picture at λ; None if not possible or not quick enough."""
        keys = self._keys()
        if not keys or not self.is_fast or self.mode != "row":
            return None
        fields = {**self.choices.value(), **self.sampler.value(), "u": position}
        request = self._request(self.time.value, fields)
        return specs.drawing.draw(request, "interpolate at λ", ends=keys)

    def _run(self) -> Path:
        assert self.studio.run is not None
        return Path(self.studio.run)

    def _keys(self) -> list[Pictures]:
        """Return the pictures to interpolate; empty while some are missing."""
        return [picture for picture, _ in self._mixed.keys(self.mode)]

    def _slots(self) -> tuple[SourceSlot, ...]:
        return self.view.slots_of(self.mode)

    def _show_restored(self, found: ParsedRecipe) -> None:
        fields = found.request.model_dump()
        self._first_pick_done = True
        mode = restored_mode(found)
        # The pictures first: a mode without pictures would pick random ones.
        if mode == "path":
            self.path.closed.setChecked(fields["closed"])
            self.path.set_keys(found.pictures)
        else:
            for slot, picture in zip(self.view.all_slots, found.pictures, strict=False):
                slot.set_picture(picture)
        self._mixed.set_classes(mode, fields.get("class_labels") or ())
        self.choices.set_mode(mode)
        self.choices.set_value(fields)
        if mode == "pad" and (trail := fields.get("trail")):
            self.view.trail.set_text(trail)
        elif mode == "pad":
            self.view.pad.set_point(fields["u"], fields["v"])
        self.time.set_value(fields["t"])
        self.sampler.set_value(fields)

    def _select(self, index: int) -> None:
        if self.mode == "path":
            self.path.select(index)
        elif self.view.trail.text:
            self.view.trail.select(index)
        elif self.mode in ("corners", "pad"):
            self.preview.select([index])
        else:
            self.grid.select([index])

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FrameImages):
            self._show(event.x0_hat)
        elif isinstance(event, DrawingResult):
            self._keep_in_gallery(event)
            self._show(event.pictures)
            self.rows.next()

    def _on_finished(self, result: object) -> None:
        if isinstance(result, DrawingResult):
            self.drawn = result
            self._show(result.pictures)
        elif isinstance(result, list) and self._pictures is not None:
            self.drawn = DrawingResult(
                self._pictures, {**result[-1].recipe, "rows": self.rows.shown_ts}
            )
            self._show_grid()
        self.export.refresh()

    def _show(self, pictures: Pictures) -> None:
        """Show the pictures of the drawing under way, or of the finished one, (N, H, W, C)."""
        if self.mode == "matrix":
            self.rows.set_current(pictures)
            self._pictures = self.rows.pictures()
        else:
            self._pictures = pictures
        self._show_grid()
        self._show_preview()

    def _show_grid(self) -> None:
        recipe = self.drawn.recipe if self.drawn is not None else None
        ts = self.rows.shown_ts if self.mode == "matrix" else ()
        self._mixed.show_drawn(self.mode, self._pictures, ts, recipe)

    def _show_preview(self) -> None:
        if self.mode == "pad":
            pad = self.view.pad
            self.lambda_label.setText(f"u = {pad.u:.2f}, v = {pad.v:.2f}")
        if self.mode not in ("row", "matrix") or self._lambda_previewer.is_showing:
            return
        position = self.slider.value() / SLIDER
        pictures = self._pictures
        columns = self.grid.columns
        if pictures is None or columns < 2:
            self.lambda_label.setText(f"λ = {position:.2f}")
            self.preview.set_rows(None, ())
            return
        column = round(position * (columns - 1))
        text = f"λ = {column / (columns - 1):.2f}"
        if self.mode == "matrix":
            text += f" · t = {self.rows.shown_ts[self._row]:,}"
        self.lambda_label.setText(text)
        self.view.snap(column, columns)
        index = self._shown = self._row * columns + column
        recipe = None if self.drawn is None else {**self.drawn.recipe, "index": index}
        self.preview.set_rows(pictures[index : index + 1], (), recipe=recipe)

    def _on_current(self, index: int) -> None:
        columns = self.grid.columns
        if self.grid.selected and columns > 1:
            self._row, column = divmod(index, columns)
            self.view.snap(column, columns)
            self._show_preview()
        self.export.refresh()

    def _on_source(self) -> None:
        sources = (self.path,) if self.mode == "path" else self._slots()
        changed = next((source for source in sources if source is self.sender()), None)
        if changed is None:
            return  # It is not used in the current mode.
        if not self._keys():
            self._discard_drawing()
        self._show_empty()
        self.draw_later(asked=changed.asked)

    def _on_mode(self) -> None:
        """Switch to the chosen mode: a row, a row for each t, a square, a pad, or a path."""
        mode = self.mode
        is_matrix, in_row = mode == "matrix", mode in ("row", "matrix")
        self._discard_drawing()
        self._show_empty()
        self._mixed.show_mode(mode)
        self.time.setEnabled(not is_matrix)
        self.choices.steps_lambda.setEnabled(mode != "pad")
        self._row = len(_ROWS) // 2 if is_matrix else 0
        self.draw_later()
        can_pick = self.studio.can_draw and self.studio.has_pictures
        if can_pick and not self._keys() and not in_row:
            filled_slots = [slot for slot in self.view.all_slots if slot.drop is not None]
            if mode != "path" or (self.path.is_empty and len(filled_slots) < 2):
                self._pick_random(asked=False)
            elif self.path.is_empty:
                self.path.copy_from(filled_slots)

    def _on_recorded(self) -> None:
        """Draw the whole trail, which is kept instead of the last picture of the drag."""
        self._unsaved_drawing = None
        self.draw_now()

    def _toggle_full_screen(self) -> None:
        if "view.full_screen" in self.actions_:
            self.actions_["view.full_screen"].trigger()

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
            self.sampler.follow(view)
        self._discard_drawing()
        for slot in self.view.all_slots:
            slot.refit()
        self.path.refit()
        self._first_pick_done = False
        self._pick_random_once()

    def _discard_drawing(self) -> None:
        self.cancel_drawing()
        self._pictures = self.drawn = None
        self._mixed.clear()
        self._show_preview()
        self.export.refresh()

    def _pick_random_once(self) -> None:
        is_path, no_free_slot = self.mode == "path", not any(slot.is_free for slot in self._slots())
        is_filled = not self.path.is_empty if is_path else no_free_slot
        can_pick = self.studio.can_draw and self.studio.has_pictures
        if self.isVisible() and can_pick and not (self._first_pick_done or is_filled):
            self._first_pick_done = True
            self._pick_random(asked=False)

    def _on_none_found(self, _: Failure) -> None:
        """Allow another try when the tab is shown again; no message, as nobody asked for it."""
        self._first_pick_done = False

    def _fill_slots(self, asked: bool, pictures: list[PictureDrop]) -> None:
        """Fill the free slots; if there are none and a person ``asked``, replace all pictures.

        In path mode the key pictures are replaced if a person ``asked``, or if there are none.
        """
        if self.mode == "path":
            if asked or self.path.is_empty:
                self.path.set_keys(pictures[:_KEYS], asked=asked, is_random=True)
            return
        slots = [slot for slot in self._slots() if slot.is_free]
        if asked and not slots:
            slots = list(self._slots())
        for slot, picture in zip(slots, itertools.cycle(pictures)):
            slot.accept(picture, asked=asked, is_random=True)

    def _on_picture_sent(self, target: str, picture: Pictures, recipe: Recipe | None) -> None:
        slot = {"interpolate_a": self.a, "interpolate_b": self.b}.get(target)
        if slot is None:
            return
        self._first_pick_done = True
        if self.mode == "path":
            self.path.append(PictureDrop(picture, recipe))
        else:
            slot.set_picture(picture, recipe)

    def _show_not_drawn(self) -> None:
        if self._keys():
            self.view.show_not_drawn(self.actions_["interpolate.draw"])

    def _show_empty(self) -> None:
        self.view.show_missing(self.mode, bool(self._keys()), self.pick_random)
        self.grid.set_empty("image", "")

    def _to_export(self) -> Export | None:
        if self.drawn is None:
            return None
        return mixed_export(
            self.drawn, self.mode, self.view, self.path, self._shown, self.grid.columns
        )
