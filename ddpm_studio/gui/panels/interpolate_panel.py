"""Interpolate: from one picture to another through latent space (DDPM Fig. 8, 9)."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QSizePolicy,
    QSlider,
    QWidget,
)

from ddpm_studio.backend import tasks
from ddpm_studio.backend.task import Task
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.images import Pictures
from ddpm_studio.gui.panels.drawing_rows import Rows
from ddpm_studio.gui.panels.exporting import Export, ExportMenu
from ddpm_studio.gui.panels.mix_choices import MixChoices
from ddpm_studio.gui.panels.picture_menu import PictureMenu
from ddpm_studio.gui.panels.sampler_bar import SamplerBar
from ddpm_studio.gui.panels.source_slot import SourceSlot
from ddpm_studio.gui.panels.time_slider import TimeSlider
from ddpm_studio.gui.panels.tool_panel import ToolPanel
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.basics import WheelFilter, label, name, number_label
from ddpm_studio.gui.widgets.row_grid import RowGrid
from ddpm_studio.jobs.events import Drawn, Event, FrameImages
from ddpm_studio.requests import InterpolateRequest

_FRAMES = 25
_STEPS = 50
_ROWS = (0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1)
_SLIDER = 1000
_CHOICE = 48
_ROW_HEIGHT = 112


class InterpolatePanel(ToolPanel):
    """Two pictures, a t, and what lies between them; the noise is held fixed over λ."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, "blend", parent)
        self._category = self.tr("&Interpolate")
        self._surprised = False
        self._wheel = WheelFilter(self)
        hint = self.tr("drop a picture")
        self.a = SourceSlot(studio, "A", hint, "interpolate a")
        self.b = SourceSlot(studio, "B", hint, "interpolate b")
        self.c = SourceSlot(studio, "C", hint, "interpolate c")
        self.d = SourceSlot(studio, "D", hint, "interpolate d")
        self.time = TimeSlider(tip=self.tr("0: a blend of pixels. T: new pictures"))
        self.sampler = SamplerBar(steps=_STEPS)
        self.preview = RowGrid(self.tr("The mix at λ"))
        self.grid = RowGrid(self.tr("From A to B"))
        self.rows = Rows()
        self.drawn: Drawn | None = None
        self._pictures: Pictures | None = None
        self._row = 0
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _SLIDER)
        self.slider.setValue(_SLIDER // 2)
        self.slider.setPageStep(_SLIDER // 10)
        self.slider.installEventFilter(self._wheel)
        name(self.slider, "λ", self.tr("0: picture A. 1: picture B"))
        self.lambda_label = number_label("", "muted")
        self.choices = MixChoices(actions, self._category, self.surprise, self.swap, self.draw_now)
        self.export = ExportMenu(studio, actions, "interpolate", self._category, self._to_export)
        self.export.report_to(self.messages)
        PictureMenu(studio, self.grid)
        PictureMenu(studio, self.preview)
        self.content.addLayout(self._pair_row(), 3)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.grid, 1)
        self.content.addWidget(self.choices)
        self.content.addWidget(self.time)
        self.content.addWidget(self.sampler)
        self._connect()
        self._show_empty()
        self._on_view()
        self._on_run()

    def surprise(self) -> None:
        """Take pictures by chance, from the open data, else from those of the run."""
        dataset = self.studio.dataset
        if dataset is not None:
            self._take_some(dataset.images)
        elif self.studio.run is not None:
            job = self.studio.backend.submit(
                tasks.some_pictures(self.studio.run, _CHOICE, "interpolate surprise")
            )
            job.finished.connect(self._take_some)
            job.failed.connect(self._on_failed)

    def swap(self) -> None:
        """Exchange A and B."""
        a, b = self.a.drop, self.b.drop
        self.a.set_picture(b)
        self.b.set_picture(a)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin with two pictures by chance, so that there is something to see."""
        super().showEvent(event)
        self._surprise_once()

    def _pair_row(self) -> QGridLayout:
        ends = QHBoxLayout()
        ends.setSpacing(SPACE_M)
        ends.addWidget(label("A", "muted"))
        ends.addWidget(self.slider, 1)
        ends.addWidget(label("B", "muted"))
        self.lambda_label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        pair = QGridLayout()
        pair.setHorizontalSpacing(SPACE_L)
        pair.setVerticalSpacing(SPACE_M)
        middle = Qt.AlignmentFlag.AlignVCenter
        self._ends = QWidget()
        ends.setContentsMargins(0, 0, 0, 0)
        self._ends.setLayout(ends)
        pair.addWidget(self.a, 0, 0, middle)
        pair.addWidget(self.preview, 0, 1, 2, 1)
        pair.addWidget(self.b, 0, 2, middle)
        pair.addWidget(self.c, 1, 0, middle)
        pair.addWidget(self.d, 1, 2, middle)
        pair.addWidget(self._ends, 2, 0, 1, 3)
        pair.addWidget(self.lambda_label, 3, 0, 1, 3)
        pair.addWidget(self.export, 3, 2, alignment=Qt.AlignmentFlag.AlignRight)
        pair.setColumnStretch(1, 1)
        pair.setRowStretch(0, 1)
        return pair

    def _connect(self) -> None:
        for slot in (self.a, self.b, self.c, self.d):
            slot.fitted_changed.connect(self._on_source)
            slot.failed.connect(self._on_failed)
        self.time.changed.connect(self.draw_later)
        self.sampler.changed.connect(self.draw_later)
        self.choices.changed.connect(self.draw_later)
        self.choices.matrix.toggled.connect(self._on_matrix)
        self.choices.corners.toggled.connect(self._on_corners)
        self.slider.valueChanged.connect(self._show_preview)
        self.grid.current_changed.connect(self._on_current)
        self.studio.picture_sent.connect(self._on_picture_sent)

    def _task(self) -> Task | None:
        slots = self._slots()
        ends = [slot.fitted for slot in slots if slot.fitted is not None]
        if len(ends) < len(slots) or any(slot.waiting for slot in slots):
            return None
        self.drawn = None
        self.export.refresh()
        if self.choices.matrix.isChecked():
            ts = sorted({round(self.time.timesteps * part) for part in _ROWS})
            self.rows = Rows(ts, self.choices.steps_lambda.value())
            requests = [self._request(t) for t in ts]
            return tasks.interpolate_series(requests, ends, "interpolate")
        return tasks.interpolate(self._request(self.time.value), ends, "interpolate")

    def _request(self, t: int) -> InterpolateRequest:
        assert self.studio.run is not None
        return InterpolateRequest(
            run=Path(self.studio.run),
            t=t,
            frames=_FRAMES,
            **self.choices.value(),
            **self.sampler.value(),
        )

    def _on_event(self, event: Event) -> None:
        if isinstance(event, FrameImages):
            self._show(event.x0_hat)
        elif isinstance(event, Drawn):
            self.studio.drawn.emit(event)
            self._show(event.pictures)
            self.rows.next()

    def _on_finished(self, result: object) -> None:
        if isinstance(result, Drawn):
            self.drawn = result
            self._show(result.pictures)
        elif isinstance(result, list) and self._pictures is not None:
            self.drawn = Drawn(self._pictures, {**result[-1].recipe, "rows": self.rows.shown_ts})
            self._show_grid()
        self.export.refresh()

    def _show(self, pictures: Pictures) -> None:
        """Show one row, (steps, H, W, C), as far as it is."""
        if self.choices.matrix.isChecked():
            self.rows.set_current(pictures)
            self._pictures = self.rows.pictures()
        else:
            self._pictures = pictures
        self._show_grid()
        self._show_preview()

    def _slots(self) -> tuple[SourceSlot, ...]:
        """The pictures that are mixed now."""
        four = self.choices.corners.isChecked()
        return (self.a, self.b, self.c, self.d) if four else (self.a, self.b)

    def _show_grid(self) -> None:
        pictures = self._pictures
        recipe = self.drawn.recipe if self.drawn is not None else None
        if self.choices.corners.isChecked():
            side = 0 if pictures is None else math.isqrt(len(pictures))
            labels = [f"{value:.3g}" for value in np.linspace(0, 1, side)]
            self.preview.set_rows(pictures, labels, recipe=recipe)
            return
        if pictures is None:
            self.grid.set_rows(None, ())
            return
        if self.choices.matrix.isChecked():
            labels = [f"t = {t:,}" for t in self.rows.shown_ts]
            self.grid.set_rows(pictures, labels, recipe=recipe)
        else:
            captions = [f"{value:.3g}" for value in np.linspace(0, 1, len(pictures))]
            self.grid.set_rows(pictures, ["λ"], captions, recipe=recipe)

    def _show_preview(self) -> None:
        if self.choices.corners.isChecked():
            return
        position = self.slider.value() / _SLIDER
        pictures = self._pictures
        columns = self.grid.columns
        if pictures is None or columns < 2:
            self.lambda_label.setText(f"λ = {position:.2f}")
            self.preview.set_rows(None, ())
            return
        nearest = round(position * (columns - 1))
        self.lambda_label.setText(f"λ = {nearest / (columns - 1):.2f}")
        shown = self._row * columns + nearest
        recipe = None if self.drawn is None else {**self.drawn.recipe, "lambda": nearest}
        self.preview.set_rows(pictures[shown : shown + 1], (), recipe=recipe)

    def _on_current(self, index: int) -> None:
        columns = self.grid.columns
        if self.grid.selected and columns > 1:
            self._row, column = divmod(index, columns)
            self.slider.setValue(round(column / (columns - 1) * _SLIDER))
            self._show_preview()
        self.export.refresh()

    def _on_source(self) -> None:
        if any(slot.fitted is None for slot in self._slots()):
            self._forget()
        self.draw_later()

    def _on_matrix(self, several: bool) -> None:
        if several:
            self.choices.corners.setChecked(False)
        self._on_view()

    def _on_corners(self, four: bool) -> None:
        if four:
            self.choices.matrix.setChecked(False)
        self._on_view()
        if four and self.c.drop is None and self.d.drop is None:
            self.surprise()

    def _on_view(self) -> None:
        """Follow what is shown: a row, a row for each t, or a square."""
        several, four = self.choices.matrix.isChecked(), self.choices.corners.isChecked()
        four_only: tuple[QWidget, ...] = (self.c, self.d)
        row_only: tuple[QWidget, ...] = (self.grid, self._ends, self.lambda_label)
        for part in four_only + row_only:
            part.setVisible((part in four_only) == four)
        self.time.setEnabled(not several)
        self.preview.setMaximumHeight(_ROW_HEIGHT if several else 16_777_215)
        vertical = QSizePolicy.Policy.Expanding if several else QSizePolicy.Policy.Fixed
        self.grid.setMaximumHeight(16_777_215 if several else _ROW_HEIGHT)
        self.grid.setMinimumHeight(_ROW_HEIGHT)
        self.grid.setSizePolicy(QSizePolicy.Policy.Expanding, vertical)
        self.content.setStretch(1, 0 if several else 1)
        self.content.setStretch(3, 1 if several else 0)
        self._row = len(_ROWS) // 2 if several else 0
        self._forget()
        self.draw_later()

    def _on_model(self) -> None:
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
            self.sampler.set_timesteps(view.summary.timesteps)
            self.sampler.set_classes(view.summary.known_classes)
        self._forget()
        for slot in (self.a, self.b, self.c, self.d):
            slot.refit()
        self._surprise_once()

    def _forget(self) -> None:
        self._pictures = self.drawn = None
        self.preview.set_rows(None, ())
        self._show_grid()
        self._show_preview()
        self.export.refresh()

    def _surprise_once(self) -> None:
        empty = self.a.drop is None and self.b.drop is None
        if self.isVisible() and self.studio.can_draw and empty and not self._surprised:
            self._surprised = True
            self.surprise()

    def _take_some(self, pictures: Pictures) -> None:
        """Fill the slots; where four corners are wanted, those with a picture stay."""
        slots = [slot for slot in self._slots() if slot.drop is None] or self._slots()
        chosen = random.sample(range(len(pictures)), min(len(slots), len(pictures)))
        for k, slot in enumerate(slots):
            slot.set_picture(pictures[chosen[k % len(chosen)]].copy())

    def _on_picture_sent(self, where: str, picture: Pictures, recipe: object) -> None:
        slot = {"interpolate_a": self.a, "interpolate_b": self.b}.get(where)
        if slot is not None:
            self._surprised = True
            slot.set_picture(picture)

    def _show_empty(self) -> None:
        self.preview.set_empty(
            "blend", self.tr("Drop two pictures"), self.tr("Surprise me"), self.surprise
        )
        self.grid.set_empty("image", "")

    def _to_export(self) -> Export | None:
        if self.drawn is None:
            return None
        pictures, columns = self.drawn.pictures, self.grid.columns
        if self.choices.corners.isChecked():
            side = math.isqrt(len(pictures))
            current = max(0, self.preview.current)
            return Export(pictures, self.drawn.recipe, current, columns=side, stem="four corners")

        def there_and_back() -> Sequence[Pictures]:
            from ddpm_studio.export import make_grid

            way = [make_grid(pictures[k::columns], 1) for k in range(columns)]
            return way + way[-2:0:-1]

        return Export(
            pictures,
            self.drawn.recipe,
            max(0, self.grid.current),
            columns=columns,
            frames=there_and_back,
            fps=max(8.0, columns / 2.0),
            hold_last_seconds=0,
            stem="interpolate",
        )
