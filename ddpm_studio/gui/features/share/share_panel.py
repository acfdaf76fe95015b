"""Shared latents panel: freeze x_t and draw many x_0 from it (DDPM Fig. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, sqrt
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.action_button import ActionTool
from ddpm_studio.gui.features.common.count_choice import CountChoice
from ddpm_studio.gui.features.common.drawing_rows import DrawingRows
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.sampler_drawer import SamplerDrawer
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.time_slider import TimeSlider, paper_marks
from ddpm_studio.gui.features.common.tool_panel import ToolPanel, choose
from ddpm_studio.gui.features.share.latent_menu import LatentMenu
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from ddpm_studio.gui.widgets.pictures.grid_layout import FILL_ROUGHLY
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe
from ddpm_studio.jobs.events import DrawingResult, Event, FrameImages, Latent, Notice
from ddpm_studio.requests import ShareRequest

# One less than a square number: x_t takes the last cell of the grid.
_COUNTS = (3, 8, 15, 24, 35)
_FEW = range(5, 11)
_FRAMES = 25
_MIN_WIDTH_WITH_TEXT = 1040


class SharePanel(ToolPanel):
    """Source picture or noise, timestep t, and samples of p_θ from the same x_t."""

    tool = "share"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.source = SourceSlot(
            studio, self.tr("Source"), self.tr("from noise"), "share source", by_class=True
        )
        self.time = TimeSlider(
            tip=self.tr("0: the picture itself. T: pure noise, nothing is shared")
        )
        tip = self.tr("How many pictures from one latent")
        self.count = CountChoice(_COUNTS, FILL_ROUGHLY, tip, adaptive_counts=_FEW)
        self.sampler = SamplerBar(
            eta=1.0, min_eta=0.1, offer_picture_classes=True, without_layout=True, several=True
        )
        self.grid = RowGrid(self.tr("Pictures that share a latent"))
        self.rows = DrawingRows()
        self._frames: list[Pictures] = []
        self._latent: Pictures | None = None
        # The t of the last drawing; the slider may have moved on.
        self._t = 0
        self._register()
        self._show_pending()
        self.latents = LatentMenu(studio, actions, self.category, self._shared)
        self.export = ExportMenu(studio, actions, "share", self.category, self._to_export)
        self.grid.selection_changed.connect(self.export.refresh)
        PictureMenu(studio, self.grid)
        self._add_stale_notice(self._draw_action)

        self.drawer = SamplerDrawer(self.grid, self.sampler)
        self.content.addWidget(self.grid, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(self._source_row())
        self.source.fitted_changed.connect(self._on_source)
        self.source.accepts_latents = True
        self.source.latent_dropped.connect(self.latents.load)
        self.latents.changed.connect(self._on_latent)
        self.latents.failed.connect(self._on_failed)
        self.latents.saved.connect(self._on_latent_saved)
        self.source.failed.connect(self._on_failed)
        self.source.noticed.connect(self.messages.show_warning)
        self.time.changed.connect(self.draw_later)
        self.follow_drags(self.time)
        self.count.currentIndexChanged.connect(self.draw_later)
        self.sampler.changed.connect(self.draw_later)
        self.series.toggled.connect(self._on_series)
        self.export.set_message_bar(self.messages)
        self.grid.current_changed.connect(self.export.refresh)
        studio.picture_sent.connect(self._on_picture_sent)
        self._on_run()

    def _register(self) -> None:
        add = self.actions_.add
        self._noise_action = add(
            "share.from_noise",
            self.tr("From noise"),
            self._start_from_noise,
            category=self.category,
            icon="sparkles",
            tip=self.tr("Let the model find xₜ itself, starting at pure noise"),
        )
        self._data_action = add(
            "share.from_data",
            self.tr("From data"),
            self.source.pick_from_data,
            category=self.category,
            icon="shuffle",
            tip=self.tr(
                "Take a picture by chance, of the open ones or else of those the model learnt"
            ),
        )
        self._draw_action = add(
            "share.draw",
            self.tr("Share again"),
            self.draw_now,
            category=self.category,
            icon="refresh-cw",
            tip=self.tr("Draw again, with the model as it is now, and keep it in the gallery"),
        )

    def _source_row(self) -> QHBoxLayout:
        noise_button = button(self.tr("From noise"), self._noise_action.toolTip(), icon="sparkles")
        noise_button.clicked.connect(self._noise_action.trigger)
        data_button = button(self.tr("From data"), self._data_action.toolTip(), icon="shuffle")
        data_button.clicked.connect(self._data_action.trigger)
        self.series = button(
            self.tr("Several t"),
            self.tr("One row for each t in T, 3T/4, T/2, T/4, 0, as in Fig. 7 of the paper"),
            icon="list",
        )
        self.series.setCheckable(True)
        self._button_texts = {
            push_button: push_button.text()
            for push_button in (noise_button, data_button, self.series)
        }
        choices = self.row = ControlRow(self.drawer)
        for push_button in self._button_texts:
            choices.add(push_button, keep=True)
        count = inline_group(label(self.tr("count"), "muted"), self.count)
        choices.add(count, self.count.toolTip())
        for part, sentence in self.drawer.row_controls:
            choices.add(part, sentence)
        choices.add(self.latents, self.latents.button.toolTip())
        choices.add(ActionTool(self._draw_action), keep=True)
        choices.set_corner(inline_group(self.drawer.button, self.export))
        right = QVBoxLayout()
        right.setSpacing(SPACE_S)
        right.addWidget(self.time)
        right.addWidget(choices)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.source, alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(right, 1)
        return row

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show buttons without text where there is little room."""
        super().resizeEvent(event)
        for push_button, text in self._button_texts.items():
            push_button.setText(text if self.width() >= _MIN_WIDTH_WITH_TEXT else "")

    def _spec(self) -> JobSpec[object] | None:
        self._show_pending()
        if self.source.waiting:
            return None
        count = self._picture_count()
        self._frames, self._latent, self.drawn = [], None, None
        self.export.refresh()
        self.latents.refresh()
        if self.series.isChecked():
            requests = [self._request(t, count) for t in paper_marks(self.time.timesteps)]
            self.rows = DrawingRows([request.t for request in requests], count + 1)
            return specs.drawing.share_series(requests, self.source.fitted, "share")
        request = self._request(self.time.value, count)
        self._t = request.t
        return specs.drawing.draw(
            request, "share", picture=self.source.fitted, latent=self.latents.latent
        )

    def _show_pending(self) -> None:
        self.grid.set_empty("share-2", self.tr("Drawing begins in a moment"))

    def _show_not_drawn(self) -> None:
        redraw = self._draw_action
        self.grid.set_empty("share-2", self.tr("Not drawn yet"), redraw.text(), redraw.trigger)

    def _picture_count(self) -> int:
        view = self.studio.run_view
        assert view is not None
        picture = view.summary.height, view.summary.width
        # One more cell, for x_t.
        return self.count.pictures(lambda count: self.grid.coverage(count + 1, picture))

    def _request(self, t: int, count: int) -> ShareRequest:
        assert self.studio.run is not None
        return ShareRequest(
            run=Path(self.studio.run), t=t, count=count, frames=_FRAMES, **self.sampler.value()
        )

    def _show_restored(self, found: ParsedRecipe) -> None:
        fields = found.request.model_dump()
        self.latents.clear_latent()
        self.source.set_picture(found.inputs.get("source"))
        if found.latent is not None:
            self.latents.use(found.latent, self.tr("the picture"))
        self.series.setChecked(bool(found.rows))
        if not found.rows:
            self.time.set_value(fields["t"])
        choose(self.count, fields["count"])
        self.sampler.set_value(fields)

    def _select(self, index: int) -> None:
        self.grid.select([index])

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FrameImages):
            if self._latent is None:
                self._latent = event.x_t[:1]
            self._show(event.x0_hat, event.t == 0)
        elif isinstance(event, DrawingResult):
            self._keep_in_gallery(event)
            self._finish_row(event)
        elif isinstance(event, Notice):
            self.messages.show_info(event.text)

    def _on_finished(self, result: object) -> None:
        if isinstance(result, DrawingResult):
            self.drawn = result
            self._latent = result.latent
            self._show(result.pictures, True)
        elif isinstance(result, list):
            pictures = self.rows.pictures()
            assert pictures is not None
            self.drawn = DrawingResult(pictures, {**result[-1].recipe, "rows": self.rows.shown_ts})
        self.export.refresh()
        self.latents.refresh()

    def _show(self, pictures: Pictures, last: bool) -> None:
        if self.series.isChecked():
            self.rows.set_current(self._with_latent(pictures))
            self._show_rows()
            return
        self._frames.append(pictures)
        self.grid.set_rows(pictures, (), recipe=self.drawn.recipe if self.drawn else None)
        if self._latent is not None:
            self.grid.set_badge(self._latent[0], f"xₜ, t = {self._t:,}")

    def _finish_row(self, drawn: DrawingResult) -> None:
        self._latent = drawn.latent
        self.rows.set_current(self._with_latent(drawn.pictures))
        self.rows.next()
        self._latent = None
        self._show_rows()

    def _show_rows(self) -> None:
        self.grid.set_badge(None)
        self.grid.set_rows(
            self.rows.pictures(), [f"t = {t:,}" for t in self.rows.shown_ts], highlighted=(0,)
        )

    def _with_latent(self, pictures: Pictures) -> Pictures:
        first = pictures[:1] if self._latent is None else self._latent
        return np.concatenate([first, pictures])

    def _shared(self) -> Latent | None:
        return None if self.drawn is None else self.drawn.shared

    def _start_from_noise(self) -> None:
        """Remove source picture and latent, also one that is still being read."""
        self.source.clear()
        self.latents.clear_latent()

    def _on_source(self) -> None:
        self.sampler.classes.set_pictures([self.source.class_label])
        if self.source.fitted is not None:
            self.latents.clear_latent()
        self.draw_later(asked=self.source.asked)

    def _on_latent(self) -> None:
        """Fix t to that of a latent from a file while it is used."""
        latent = self.latents.latent
        if latent is not None:
            self.source.clear()
            self.series.setChecked(False)
            self.time.set_value(latent.t)
        self.series.setEnabled(latent is None)
        self.time.setEnabled(latent is None)
        self.draw_later()

    def _on_latent_saved(self, path: Path) -> None:
        show_saved_message(self.messages, path)

    def _on_series(self, several: bool) -> None:
        self.time.setEnabled(not several)
        self._clear()
        self.draw_later()

    def _clear(self) -> None:
        self.cancel_drawing()
        # The displays and exports of one t and of several are incompatible.
        self.drawn = None
        self.grid.set_rows(None, ())
        self.grid.set_badge(None)
        self.export.refresh()
        self.latents.refresh()

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
            self.sampler.follow(view)
        self._clear()
        self.latents.clear_latent()
        self.source.refit()

    def _on_picture_sent(self, target: str, picture: Pictures, recipe: Recipe | None) -> None:
        if target == "share":
            self.source.set_picture(picture, recipe)

    def _to_export(self) -> Export | None:
        if self.drawn is None:
            return None
        if self.series.isChecked():
            return Export(
                self.drawn.pictures,
                self.drawn.recipe,
                max(0, self.grid.current),
                chosen=bool(self.grid.selected),
                columns=self.rows.columns,
                stem="share several t",
            )
        frames = [self._append_latent(pictures) for pictures in self._frames]
        columns = _columns_for_full_rows(len(frames[-1]))

        def grids() -> Sequence[Pictures]:
            from ddpm_studio.export import make_grid

            return [make_grid(pictures, columns) for pictures in frames]

        return Export(
            frames[-1],
            self.drawn.recipe,
            max(0, self.grid.current),
            chosen=bool(self.grid.selected),
            frames=grids,
            columns=columns,
            stem=f"share t={self._t}",
        )

    def _append_latent(self, pictures: Pictures) -> Pictures:
        return pictures if self._latent is None else np.concatenate([pictures, self._latent])


def _columns_for_full_rows(cells: int) -> int | None:
    """Return the number of columns of a nearly square grid without empty cells; None: impossible.

    The last cell, that of x_t, is in a corner then.
    """
    side = ceil(sqrt(cells))
    return next((columns for columns in range(side, 2 * side + 1) if cells % columns == 0), None)
