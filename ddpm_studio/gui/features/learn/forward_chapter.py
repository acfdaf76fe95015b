"""Forward process chapter, on the user's own picture [DDPM eq. 2, 4]."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.catalogue import SCHEDULES
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short, two_decimals
from ddpm_studio.gui.features.learn.equation import Equation, Symbol
from ddpm_studio.gui.features.learn.learn_slot import LearnSlot
from ddpm_studio.gui.features.learn.linked_highlights import LinkedHighlights
from ddpm_studio.gui.features.learn.noisy_picture import noisy_picture
from ddpm_studio.gui.features.learn.picture_row import PictureRow
from ddpm_studio.gui.features.learn.picture_tile import PictureTile
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.forms.choices import add_choices, set_name_from_field
from ddpm_studio.gui.widgets.forms.number_boxes import FloatBox, IntBox
from ddpm_studio.gui.widgets.layout.basics import (
    ignore_unfocused_wheel,
    label,
    number_label,
    tool_button,
)
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import NoisedPicture, ScheduleTables
from ddpm_studio.picture_shape import with_opaque_alpha
from ddpm_studio.requests import ScheduleRequest

_BOX_WIDTH = 96
# L_T in bits/dim below which N(0, I) is a fair start: the paper's schedule leaves 2e-5.
_FAIR_START = 1e-3

_STEP = (
    r"q(\bf{x}_t|\bf{x}_{t−1}) = \break "
    r"N(\sqrt{1−\is{beta}{β_t}}\,\bf{x}_{t−1}, \is{beta}{β_t}\bf{I})"
)
_JUMP = (
    r"\bf{x}_t = \is{signal}{\sqrt{\is{bar}{\bar{α}_t}}}\,\is{x0}{\bf{x}_0} + "
    r"\break\is{noise}{\sqrt{1−\bar{α}_t}}\,\is{eps}{ε}"
)
_BAR = r"\is{bar}{\bar{α}_t} = \prod{s=1}{t} (1−\is{beta}{β_s})"
_SNR = r"\is{snr}{\rm{SNR}(t)} = \frac{\is{bar}{\bar{α}_t}}{1−\bar{α}_t}"


class ForwardChapter(QWidget):
    """Shows an editable noise schedule, its curves, and one picture's x_t at any t."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio = studio
        self.tables: ScheduleTables | None = None
        self.noised: NoisedPicture | None = None
        self._seed = 0
        self._update_timer = QTimer(self, singleShot=True, interval=0)
        self._update_timer.timeout.connect(self._compute)
        self.messages = MessageBar()
        self._make_choices()
        self._make_pictures(actions)
        self.time = TimeSlider(0.15, self.tr("0: the picture. T: pure noise"))
        self._make_equations()
        self.betas = CurveView(self.tr("β at each t"), numbers=short)
        self.bars = CurveView(self.tr("ᾱ at each t"), numbers=two_decimals)
        self.snr = CurveView(self.tr("Signal-to-noise ratio at each t"), "y", short)
        self.views = (self.betas, self.bars, self.snr)
        self.remaining_signal = number_label("", "muted")
        self.remaining_signal.setWordWrap(True)
        self._link_views()
        self._build()
        self._update_buttons()
        self._on_schedule()

    def showEvent(self, event: QShowEvent) -> None:
        """Start with a picture that is available already."""
        super().showEvent(event)
        self.source.begin()

    def request(self) -> ScheduleRequest:
        """Return the schedule that is chosen."""
        return ScheduleRequest(
            schedule=self.schedule.currentData(),
            timesteps=self.timesteps.value(),
            beta_start=self.beta_start.value(),
            beta_end=self.beta_end.value(),
        )

    def resample_noise(self) -> None:
        """Draw another ε."""
        self._seed += 1
        self._draw_noise()

    def _make_choices(self) -> None:
        fields = ScheduleRequest.model_fields
        self.schedule = QComboBox()
        add_choices(self.schedule, choices_of(fields["schedule"]))
        ignore_unfocused_wheel(self.schedule)
        self.timesteps = IntBox(2, 10_000)
        self.timesteps.setValue(fields["timesteps"].default)
        self.beta_start, self.beta_end = (FloatBox(1e-6, 0.999) for _ in range(2))
        self.beta_start.setValue(fields["beta_start"].default)
        self.beta_end.setValue(fields["beta_end"].default)
        for box, field in (
            (self.schedule, fields["schedule"]),
            (self.timesteps, fields["timesteps"]),
            (self.beta_start, fields["beta_start"]),
            (self.beta_end, fields["beta_end"]),
        ):
            set_name_from_field(box, field)
            if not isinstance(box, QComboBox):
                box.setFixedWidth(_BOX_WIDTH)
                box.valueChanged.connect(self._changed)
        self.schedule.currentIndexChanged.connect(self._on_schedule)

    def _make_pictures(self, actions: ActionRegistry) -> None:
        self.source = LearnSlot(
            self._studio, self.tr("x₀: your picture"), self.tr("drop, paste or click")
        )
        self.open_data_button = ActionButton(actions["learn.from_data"], "shuffle", "link")
        self.built_in_button = ActionButton(actions["learn.from_built_in"], "undo-2", "link")
        self.eps = PictureTile(self.tr("ε: noise, ±3 shown from black to white"))
        self.x_t = PictureTile(self.tr("xₜ: the picture with its noise"))
        self.signal_label, self.noise_label = (number_label("–", "heading") for _ in range(2))
        for value_label in (self.signal_label, self.noise_label):
            value_label.setContentsMargins(SPACE_S, SPACE_S, SPACE_S, SPACE_S)
        self.dice = tool_button(
            "dice-5", self.tr("Other noise"), self.tr("Draw another ε for this picture")
        )
        self.dice.clicked.connect(self.resample_noise)
        self.source.changed.connect(self._draw_noise)
        self.source.failed.connect(self._on_failed)
        self.source.state_changed.connect(self._update_buttons)

    def _make_equations(self) -> None:
        beta = Symbol("beta", "βₜ", self.tr("variance of the noise that step t adds"))
        bar = Symbol("bar", "ᾱₜ", self.tr("share of x₀’s variance that is left at t"))
        self.jump = Equation(
            _JUMP,
            self.tr("Straight to any t (eq. 4): the row of pictures below"),
            [
                bar,
                Symbol("signal", "√ᾱₜ", self.tr("what the picture is multiplied by")),
                Symbol("noise", "√(1−ᾱₜ)", self.tr("what the noise is multiplied by")),
                Symbol("x0", "x₀", self.tr("the picture, its pixels from −1 to 1")),
                Symbol("eps", "ε", self.tr("noise of the picture’s shape, from N(0, I)")),
            ],
        )
        self.step = Equation(_STEP, self.tr("One step (eq. 2)"), [beta], 16)
        self.bar = Equation(_BAR, self.tr("All steps up to t (§2)"), [bar, beta], 16)
        self.ratio = Equation(
            _SNR,
            self.tr("Signal against noise"),
            [bar, Symbol("snr", "SNR(t)", self.tr("1 where picture and noise are as strong"))],
            16,
        )

    def _link_views(self) -> None:
        self.lights = LinkedHighlights(self)
        self.lights.add_equations(self.jump, self.step, self.bar, self.ratio)
        self.lights.add_views(*self.views)
        self.lights.add("x0", self.source)
        self.lights.add("eps", self.eps)
        self.lights.add("signal", self.signal_label)
        self.lights.add("noise", self.noise_label)
        self.lights.add("beta", self.beta_start, self.beta_end)
        self.time.changed.connect(self._show)
        for view in self.views:
            view.moved.connect(self.time.set_value)

    def _build(self) -> None:
        choices = FlowLayout()
        for text, box in (
            (self.tr("schedule"), self.schedule),
            ("<i>T</i>", self.timesteps),
            ("β<sub>1</sub>", self.beta_start),
            ("β<sub>T</sub>", self.beta_end),
        ):
            caption = label(text, "muted")
            caption.setTextFormat(Qt.TextFormat.RichText)
            choices.addWidget(inline_group(caption, box))
        row = PictureRow([self.source, self.eps, self.x_t])
        for part in (
            self.signal_label,
            label("×", "muted"),
            self.source,
            label("+", "title"),
            self.noise_label,
            label("×", "muted"),
            self.eps,
            label("=", "title"),
            self.x_t,
            self.dice,
        ):
            row.add(part)
        header = QHBoxLayout()
        header.addWidget(self.jump, 1)
        for action_button in (self.open_data_button, self.built_in_button):
            header.addWidget(action_button, 0, Qt.AlignmentFlag.AlignBottom)
        plots = QGridLayout()
        plots.setHorizontalSpacing(SPACE_L)
        plots.setVerticalSpacing(SPACE_S)
        for column, (equation, view) in enumerate(
            ((self.step, self.betas), (self.bar, self.bars), (self.ratio, self.snr))
        ):
            plots.addWidget(equation, 0, column, Qt.AlignmentFlag.AlignBottom)
            plots.addWidget(view, 1, column)
            # The middle plot has three curves in its legend.
            plots.setColumnStretch(column, 4 if view is self.bars else 3)
        plots.setRowStretch(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_M)
        self.messages.attach_to(self)
        layout.addLayout(choices)
        layout.addLayout(header)
        layout.addWidget(row)
        layout.addWidget(self.time)
        layout.addLayout(plots, 1)
        layout.addWidget(self.remaining_signal)

    def _on_schedule(self) -> None:
        free_ends = SCHEDULES[self.schedule.currentData()].ends
        self.beta_start.setEnabled(free_ends == "both")
        self.beta_end.setEnabled(free_ends != "none")
        self._changed()

    def _changed(self) -> None:
        self._update_timer.start()

    def _update_buttons(self) -> None:
        """Show the buttons of those pictures that are not shown."""
        self.open_data_button.setVisible(
            self.source.has_open_data and not self.source.shows_open_data
        )
        self.built_in_button.setVisible(not self.source.shows_built_in)

    def _draw_noise(self) -> None:
        picture = self.source.picture
        if picture is None:
            self.noised = None
            for tile in (self.eps, self.x_t):
                tile.set_picture(None)
            return
        job = self._studio.backend.submit(specs.learning.noised_picture(picture, self._seed))
        job.on_finished(self._on_noised)
        job.on_failed(self._on_failed)

    def _on_noised(self, noised: NoisedPicture) -> None:
        self.noised = noised
        self.eps.set_picture(with_opaque_alpha(noised.eps_picture))
        self._show()
        self._compute()

    def _compute(self) -> None:
        if self.noised is None:
            return
        self.messages.clear()
        spec = specs.learning.schedule_tables(self.request(), noisy_picture(self.noised, 1.0, 0.0))
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_tables)
        job.on_failed(self._on_failed)

    def _on_tables(self, tables: ScheduleTables) -> None:
        self.tables = tables
        T = len(tables.betas)
        self.time.set_timesteps(T)
        t = np.arange(1, T + 1, dtype=np.float64)
        x_labels = "t = 1", f"t = {T:,}"
        self.betas.set_curves([Curve("beta", "βₜ", t, tables.betas)], x_labels, 0.0)
        self.bars.set_curves(
            [
                Curve("bar", "ᾱₜ", t, tables.alphas_cumprod),
                Curve("signal", "√ᾱₜ", t, tables.signal, 2),
                Curve("noise", "√(1−ᾱₜ)", t, tables.noise, 1),
            ],
            x_labels,
            0.0,
        )
        self.snr.set_curves([Curve("snr", "SNR", t, tables.snr)], x_labels)
        remaining_bits = tables.prior_bits or 0.0
        template = (
            self.tr("{0} bits/dim of this picture are left at t = T: N(0, I) is a fair start.")
            if remaining_bits < _FAIR_START
            else self.tr("{0} bits/dim of this picture are left at t = T: not yet N(0, I).")
        )
        self.remaining_signal.setText(template.format(short(remaining_bits)))
        self._show()

    def _show(self) -> None:
        """Show x_t and every number at the slider's t."""
        tables = self.tables
        if tables is None or self.noised is None or self.time.timesteps != len(tables.betas):
            return
        t = self.time.value
        signal, noise = (tables.signal[t - 1], tables.noise[t - 1]) if t else (1.0, 0.0)
        self.x_t.set_picture(noisy_picture(self.noised, signal, noise))
        self.signal_label.setText(f"{signal:.3f}")
        self.noise_label.setText(f"{noise:.3f}")
        values = {"signal": f"{signal:.4f}", "noise": f"{noise:.4f}"}
        values |= {"bar": short(signal**2), "snr": "∞" if t == 0 else short(tables.snr[t - 1])}
        if t:
            values["beta"] = short(tables.betas[t - 1])
        for equation in self.lights.equations:
            equation.set_values(values)
        for view in self.views:
            view.set_mark(max(1, t))

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)
