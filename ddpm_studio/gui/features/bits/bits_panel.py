"""Bits panel: bits/dim by timestep, rate and distortion [DDPM §4.3, Fig. 5, Table 4]."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.gui.features.bits.bits_saver import BitsSaver
from ddpm_studio.gui.features.common.counts import picture_count
from ddpm_studio.gui.features.common.drawing_rows import blank_like
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S, X0_HAT
from ddpm_studio.gui.widgets.forms.choices import set_name_from_field, translated
from ddpm_studio.gui.widgets.forms.number_boxes import IntBox
from ddpm_studio.gui.widgets.forms.seed_box import SeedBox
from ddpm_studio.gui.widgets.layout.basics import ElidedLabel, button, label, number_label
from ddpm_studio.gui.widgets.layout.control_row import ControlRow
from ddpm_studio.gui.widgets.layout.drawer import Drawer
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.film_strip import FilmStrip
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.widgets.plots.curve_plot import CurvePlot
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import update_run_path
from ddpm_studio.jobs.events import BitsMeasured, DecodingResult, Event, FrameImages, Notice
from ddpm_studio.jobs.measuring.formatting import bits_remark
from ddpm_studio.requests import BitsRequest, DecodeRequest

_COUNT, _TIMESTEPS, _MOMENTS = 8, 50, 12
_BOX_WIDTH = 96
# Height of the film strip in pixels: pictures of 28 or 32 pixels are upscaled twofold in it.
_STRIP = 98
_FIELDS = BitsRequest.model_fields


class BitsPanel(ToolPanel):
    """Plots of the bound by timestep, running rate and rate–distortion; progressive decoding.

    The bound is measured only at a person's request, as it takes as long as some training steps.
    """

    tool = "bits"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self._measure_requested = self._first_pick_done = False
        self._frames: list[FrameImages] = []
        self._decoding: JobHandle[DecodingResult] | None = None
        self.measured: BitsMeasured | None = None
        self.decoded: DecodingResult | None = None
        self.count = IntBox(1, 1_000_000)
        self.count.setValue(_COUNT)
        self.timesteps = IntBox(3, 10_000, self.tr("all"))
        self.timesteps.setValue(_TIMESTEPS)
        self.seed = SeedBox()
        for box, field in (
            (self.count, "count"),
            (self.timesteps, "timesteps"),
            (self.seed, "seed"),
        ):
            box.setFixedWidth(_BOX_WIDTH)
            set_name_from_field(box, _FIELDS[field])
        self.total = number_label("", "title")
        self.parts = number_label("", "muted")
        self.parts.setWordWrap(True)
        self.bound = CurvePlot(self.tr("Bits at each t"), "t", self.tr("bits/dim at t"), log="xy")
        self.rate = CurvePlot(self.tr("Running rate"), "t", self.tr("rate, bits/dim"), log="x")
        self.rate_distortion = CurvePlot(
            self.tr("Distortion against rate"),
            self.tr("rate, bits/dim"),
            self.tr("RMSE of {0}").format(X0_HAT),
        )
        self.source = SourceSlot(
            studio,
            self.tr("Picture"),
            self.tr("drop one to decode it"),
            "bits source",
            by_class=True,
        )
        self.strip = FilmStrip(
            self.tr("Progressive decoding"), self.tr("t · bits/dim that have come: {0}")
        )
        # Shows the same frames in the middle, until there are plots.
        self.grid = PictureGrid(self.tr("Progressive decoding"))
        self.grid.current_changed.connect(self.strip.set_current)
        PictureMenu(studio, self.grid)
        self.strip.setMinimumHeight(_STRIP)
        self.legend = label(
            self.tr("{0} decoded so far, at t · bits/dim").format(X0_HAT), "caption"
        )
        self.legend.hide()
        self._measure_action = actions.add(
            "bits.measure",
            self.tr("Measure bits/dim"),
            self.measure,
            category=self.category,
            icon="chart-column",
            tip=self.tr("Evaluate the bound over pictures that the model was trained on"),
        )
        self.saver = BitsSaver(
            studio, actions, self.messages, lambda: self.measured, self._shown_decoding
        )
        self._random_action = actions.add(
            "bits.surprise",
            self.tr("Decode a picture of the data"),
            self.pick_random,
            category=self.category,
            icon="shuffle",
            tip=self.tr("Transmit one picture bit by bit, and watch it become clear"),
        )
        self._build()
        self.source.fitted_changed.connect(self._decode)
        self.source.failed.connect(self._on_failed)
        self.source.noticed.connect(self.messages.show_warning)
        studio.auto_drawing.changed.connect(self._pick_random_once)
        self._on_run()

    def measure(self) -> None:
        """Measure with the current settings, resuming an earlier measurement with the same ones.

        Without a source picture, a random one is decoded too.
        """
        self._measure_requested = True
        self.draw_now()
        self._measure_requested = False
        if self.source.fitted is None and not self.source.waiting:
            self.source.pick_from_data()

    def showEvent(self, event: QShowEvent) -> None:
        """Decode a random picture the first time, so that there is something to see."""
        super().showEvent(event)
        self._pick_random_once()

    def _pick_random_once(self) -> None:
        is_empty = self.source.drop is None and not self.source.waiting
        if not (
            is_empty and self.isVisible() and self.studio.can_draw and self.studio.has_pictures
        ):
            return
        # Automatic decoding waits until the model has learnt something.
        if not self._first_pick_done and not self.studio.auto_drawing.is_waiting:
            self._first_pick_done = True
            self.source.pick_from_data(asked=False)

    def pick_random(self) -> None:
        """Decode a random picture of the data."""
        self.messages.clear("error")
        self.source.pick_from_data()

    def _build(self) -> None:
        start = self.start_button = button(
            self.tr("Measure"), self._measure_action.toolTip(), icon="chart-column", role="primary"
        )
        start.clicked.connect(self._measure_action.trigger)
        self.invitation = EmptyState(
            "chart-column",
            self.tr(
                "How many bits each number of a picture costs under this model, and at which t"
            ),
            self.tr("Measure"),
            self._measure_action.trigger,
            horizontal=True,
        )
        self.grid.set_empty(
            "image", self.tr("Drop a picture to decode it"), self.tr("From data"), self.pick_random
        )
        self._figures = QWidget()
        figures = QHBoxLayout(self._figures)
        figures.setContentsMargins(0, 0, 0, 0)
        figures.setSpacing(SPACE_L)
        figures.addWidget(self.total)
        figures.addWidget(self.parts, 1)
        self._plots = QWidget()
        plots = QHBoxLayout(self._plots)
        plots.setContentsMargins(0, 0, 0, 0)
        plots.setSpacing(SPACE_M)
        for title, plot in (
            (self.tr("Bits at each t"), self.bound),
            (self.tr("Running rate, from t = T"), self.rate),
            (self.tr("Distortion against rate"), self.rate_distortion),
        ):
            column = QVBoxLayout()
            column.addWidget(ElidedLabel(title, "heading"))
            column.addWidget(plot, 1)
            plots.addLayout(column, 1)
        self._middle = QWidget()
        middle = QVBoxLayout(self._middle)
        middle.setContentsMargins(0, 0, 0, 0)
        middle.addWidget(self.grid, 1)
        middle.addWidget(self._plots, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(SPACE_L)
        bottom.addWidget(self.source, alignment=Qt.AlignmentFlag.AlignTop)
        strip_column = QVBoxLayout()
        strip_column.setSpacing(SPACE_S)
        strip_column.addWidget(self.legend)
        strip_column.addWidget(self.strip, 1)
        strip_column.addStretch()
        strip_column.addWidget(self.invitation)
        strip_column.addWidget(self._row())
        bottom.addLayout(strip_column, 1)
        self.content.addWidget(self._figures)
        self.content.addWidget(self._middle, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(bottom)

    def _row(self) -> ControlRow:
        """Return the row of controls; rarely used ones are in its drawer."""
        drawer = Drawer(self._middle, self.tr("More"), self.tr("Timesteps and seed"))
        drawer.add(
            inline_group(label(self.tr("timesteps"), "muted"), self.timesteps), _help("timesteps")
        )
        drawer.add(inline_group(label(self.tr("seed"), "muted"), self.seed), _help("seed"))
        data_button = button(self.tr("From data"), self._random_action.toolTip(), icon="shuffle")
        data_button.clicked.connect(self._random_action.trigger)
        row = ControlRow(drawer)
        row.add(data_button, self._random_action.toolTip(), keep=True)
        row.add(inline_group(label(self.tr("pictures"), "muted"), self.count), _help("count"))
        row.add(self.start_button, keep=True)
        row.set_corner(inline_group(drawer.button, self.saver.menu))
        return row

    def _spec(self) -> JobSpec[object] | None:
        if not self._measure_requested or self.studio.run is None:
            return None
        request = BitsRequest(
            run=Path(self.studio.run),
            count=self.count.value(),
            timesteps=self._timestep_count(),
            seed=self.seed.value,
        )
        return specs.measuring.measure_bits(request, "bits")

    def _has_inputs(self) -> bool:
        return False  # Nothing is measured automatically.

    def _timestep_count(self) -> int | None:
        """Return the number of timesteps to evaluate; None: all of the model's."""
        requested, view = self.timesteps.number(), self.studio.run_view
        if requested is None or view is None or requested >= view.summary.timesteps:
            return None
        return requested

    def _on_event(self, event: Event) -> None:
        if isinstance(event, BitsMeasured):
            self._show(event)
        elif isinstance(event, Notice):
            self._figures.show()
            self.parts.setText(event.text)

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, BitsMeasured)
        self._show(result)

    def _show(self, result: BitsMeasured) -> None:
        self.measured = result
        self._show_plots(True)
        error = result.standard_error
        total = self.tr("{0} bits/dim").format(f"{result.total:.3f}")
        self.total.setText(total if error is None else f"{total} ± {error:.3f}")
        self.parts.setText(
            self.tr("L at T {0} · Σ Lₜ₋₁ {1} · L₀ {2} · {3} of {4}").format(
                f"{result.prior:.5f}",
                f"{result.middle:.3f}",
                f"{result.decoder:.3f}",
                f"{result.pictures:,}",
                picture_count(result.asked),
            )
            + (
                f"\n{_with_subscripts(translated(remark))}"
                if (remark := bits_remark(result))
                else ""
            )
        )
        self.bound.set_curves([(result.t, result.bits)])
        self.rate.set_curves([(result.t, result.rate)])
        self.rate_distortion.set_curves([(result.rate, result.distortion)])

    def _show_plots(self, measured: bool) -> None:
        """Show figures and plots if something was ``measured``, else the decoded pictures large."""
        self._figures.setVisible(measured)
        self.start_button.setVisible(measured)
        self._plots.setVisible(measured)
        self.strip.setVisible(measured)
        self.grid.setVisible(not measured)
        self.invitation.setVisible(not measured)
        self.saver.refresh()

    def _shown_decoding(self) -> tuple[DecodingResult, int] | None:
        return None if self.decoded is None else (self.decoded, self.strip.current)

    def _forget_decoding(self) -> None:
        """Clear the decoding, because the picture or the model has changed."""
        self.strip.clear()
        self.legend.hide()
        self.decoded = None
        self.grid.set_pictures(None)
        self.saver.refresh()
        if self._decoding is not None:
            self.studio.backend.cancel(self._decoding)
            self._decoding = None

    def _decode(self) -> None:
        picture, run = self.source.fitted, self.studio.run
        self._forget_decoding()
        if picture is None or run is None:
            return
        self.grid.set_pictures(blank_like(np.stack([picture] * _MOMENTS)), [" "] * _MOMENTS)
        request = DecodeRequest(
            run=Path(run),
            moments=_MOMENTS,
            timesteps=self._timestep_count(),
            seed=self.seed.value,
            class_label=self.source.class_label,
        )
        job = self._decoding = self.studio.submit(
            specs.measuring.decode(request, picture, "decode"), by_user=self.source.asked
        )
        self._frames = []
        job.on_event(self._on_intermediate)
        job.on_finished(self._on_decoded)
        job.on_failed(self._on_failed)

    def _on_intermediate(self, event: Event) -> None:
        if isinstance(event, FrameImages):
            self._frames.append(event)
            pictures = np.stack([frame.x0_hat[0] for frame in self._frames])
            captions = [f"t = {frame.t:,}" for frame in self._frames]
            self.strip.set_frames(pictures, captions)
            remaining = max(0, _MOMENTS - len(pictures))
            blanks = blank_like(np.repeat(pictures[:1], remaining, axis=0))
            self.grid.set_pictures(
                np.concatenate([pictures, blanks]), [*captions, *[" "] * remaining]
            )

    def _on_decoded(self, result: object) -> None:
        assert isinstance(result, DecodingResult)
        self.decoded = result
        self.saver.refresh()
        captions = [f"{t:,} · {r:.2f}" for t, r in zip(result.t, result.rate, strict=True)]
        self.strip.set_frames(list(result.x0_hat), captions)
        self.grid.set_pictures(result.x0_hat, captions, result.recipe)
        self.legend.show()

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        super()._on_run_moved(old, new)
        if old is not None and new is not None and self.decoded is not None:
            update_run_path(self.decoded.recipe, old, new)

    def _on_model(self) -> None:
        self.cancel_drawing()
        # At once, because the picture may have to be preprocessed before it is decoded again.
        self._forget_decoding()
        self.measured = None
        self.total.setText("")
        self.parts.setText("")
        self._show_plots(False)
        for plot in (self.bound, self.rate, self.rate_distortion):
            plot.set_curves([])
        self._first_pick_done = False
        self.source.refit()
        self._pick_random_once()


def _with_subscripts(sentence: str) -> str:
    """Return a sentence of the terminal with Unicode subscripts instead of ``_`` notation."""
    for notation, symbol in (("L_t−1", "Lₜ₋₁"), ("L_0", "L₀"), ("L_T", "L at T")):
        sentence = sentence.replace(notation, symbol)
    return sentence


def _help(field: str) -> str:
    return translated(_FIELDS[field].description or "")
