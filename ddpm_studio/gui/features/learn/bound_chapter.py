"""Variational bound by terms, for the open model and one picture [DDPM eq. 5, 8, 12, 14]."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.time_slider import TimeSlider
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short
from ddpm_studio.gui.features.learn.equation import Equation, Symbol
from ddpm_studio.gui.features.learn.linked_highlights import LinkedHighlights
from ddpm_studio.gui.features.learn.model_chapter import PictureChapter
from ddpm_studio.gui.features.learn.pixel_tile import PixelTile
from ddpm_studio.gui.features.learn.stacked_bar import BarSegment, StackedBar
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BoundParts, StepGaussians
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS
from ddpm_studio.requests import PictureMeasureRequest

_EVALUATED = 40
_SIDE, _CURVES_HEIGHT = 120, 100
_GRID_POINTS, _STD_RANGE = 161, 4.0
_DELAY_MS = 30

_BOUND = (
    r"L = \rm{E}_q\fence{\brace{D_{\rm{KL}}(q(\bf{x}_T|\bf{x}_0) ‖ p(\bf{x}_T))}{\is{L_T}{L_T}} + "
    r"\break\sum{t>1} \brace{D_{\rm{KL}}(q(\bf{x}_{t−1}|\bf{x}_t,\bf{x}_0) ‖ "
    r"p_θ(\bf{x}_{t−1}|\bf{x}_t))}{\is{L_t}{L_{t−1}}} + "
    r"\break\brace{−\log p_θ(\bf{x}_0|\bf{x}_1)}{\is{L_0}{L_0}}}"
)
_KL = (
    r"\is{kl}{D_{\rm{KL}}} = \log\frac{\is{p_std}{σ_t}}{\is{q_std}{\tilde{σ}_t}} + "
    r"\break\frac{\is{q_std}{\tilde{σ}_t}^2 + (\is{q_mean}{\tilde{μ}_t} − \is{p_mean}{μ_θ})^2}"
    r"{2\is{p_std}{σ_t}^2} − \frac{1}{2}"
)
_VLB = r"L_{t−1} ∼ \break\is{weight}{\frac{β_t^2}{2σ_t^2α_t(1−\bar{α}_t)}}\,‖ε − ε_θ‖^2"
_SIMPLE = r"L_{\rm{simple}} ∼ \break\is{one}{1}·‖ε − ε_θ‖^2"


class BoundChapter(PictureChapter):
    """Shows the bound's three terms, one step of one pixel, and the weight of each t."""

    icon = "sigma"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.parts: BoundParts | None = None
        self.step: StepGaussians | None = None
        self.x_t = PixelTile(self.tr("xₜ: choose a pixel"))
        self.x_t.setFixedSize(_SIDE, _SIDE)
        self.channel = QComboBox()
        self.channel.hide()
        name(self.channel, self.tr("Channel"), self.tr("Which of the pixel’s values"))
        ignore_unfocused_wheel(self.channel)
        self.time = TimeSlider(0.05, self.tr("Which step of the reverse process, from t to t − 1"))
        self.bar = StackedBar(self.tr("The bound of this picture"))
        self.curves = CurveView(self.tr("q and pθ of one value"))
        self.curves.setMaximumHeight(_CURVES_HEIGHT)
        self.terms = CurveView(self.tr("Bits/dim at each t"), "xy", short)
        self.weights = CurveView(self.tr("Weight of the squared error at each t"), "xy", short)
        self._debounce_timer = QTimer(self, singleShot=True, interval=_DELAY_MS)
        self._debounce_timer.timeout.connect(self._compare)
        self._make_equations()
        self._link_views()
        self._build()
        self._add_stale_notice(actions["learn.take_apart"])
        self._on_run()

    @property
    def comparing(self) -> bool:
        """Whether q and p_θ at the chosen t are still being computed."""
        return self.step is None or self.step.t != max(1, self.time.value)

    def _make_equations(self) -> None:
        self.bound = Equation(
            _BOUND,
            self.tr("The bound on −log p(x₀) as three kinds of terms (eq. 5), below in bits/dim"),
            [
                Symbol("L_T", "L at T", self.tr("what x at T still tells of the picture")),
                Symbol("L_t", "Σ Lₜ₋₁", self.tr("how far pθ’s steps are from the true ones")),
                Symbol("L_0", "L₀", self.tr("the last step, to whole pixel levels")),
            ],
            18,
        )
        p_std = Symbol("p_std", "σₜ", self.tr("width of pθ’s step"))
        self.kl = Equation(
            _KL,
            self.tr("How far two Gaussians are apart: below, those of the pixel"),
            [
                p_std,
                Symbol("q_std", "σ̃ₜ", self.tr("width of the true step, √β̃ₜ")),
                Symbol("q_mean", "μ̃ₜ", self.tr("where the true step leads, knowing x₀ (eq. 7)")),
                Symbol("p_mean", "μθ", self.tr("where the network’s step leads (eq. 11)")),
                Symbol("kl", "KL", self.tr("of this pixel, in bits")),
            ],
            15,
        )
        self.vlb = Equation(
            _VLB,
            self.tr("The bound: mostly small t (eq. 12)"),
            [Symbol("weight", self.tr("weight"), self.tr("of the error of ε at this t"))],
            16,
        )
        self.simple = Equation(
            _SIMPLE,
            self.tr("All t alike (eq. 14)"),
            [Symbol("one", "1", self.tr("so large t, where it is hard, count for more"))],
            16,
        )

    def _link_views(self) -> None:
        self.lights = LinkedHighlights(self)
        self.lights.add_equations(self.bound, self.kl, self.vlb, self.simple)
        self.lights.add_views(self.curves, self.terms, self.weights, self.bar)
        self.x_t.picked.connect(self._show_step)
        self.channel.currentIndexChanged.connect(self._show_step)
        self.time.changed.connect(self._on_time)
        for view in (self.terms, self.weights):
            view.moved.connect(self.time.set_value)

    def _build(self) -> None:
        first_row = ResponsiveRow(SPACE_M)
        tiles = QVBoxLayout()
        tiles.setSpacing(SPACE_S)
        tiles.addWidget(self.x_t)
        tiles.addWidget(self.channel)
        tiles.addStretch()
        picture_row = QHBoxLayout()
        picture_row.setSpacing(SPACE_M)
        picture_row.addWidget(self.source, 0, Qt.AlignmentFlag.AlignTop)
        picture_row.addLayout(tiles)
        picture_row.addStretch()
        first_row.add(picture_row, 0)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.kl)
        right.addWidget(self.curves, 1)
        first_row.add(right)
        loss_row = QHBoxLayout()
        loss_row.addWidget(self.vlb, 3)
        loss_row.addWidget(self.simple, 2)
        plots = ResponsiveRow()
        heading = label(self.tr("Bits/dim at each t: L₀, then Lₜ₋₁"), "heading", wrap=True)
        bits_column, weights_column = QVBoxLayout(), QVBoxLayout()
        bits_column.addWidget(heading)
        bits_column.addWidget(self.terms, 1)
        weights_column.addLayout(loss_row)
        weights_column.addWidget(self.weights, 1)
        for column, stretch in ((bits_column, 2), (weights_column, 3)):
            column.setSpacing(SPACE_S)
            plots.add(column, stretch)
        self.content.setSpacing(SPACE_S)
        self.content.addWidget(self.bound)
        self.content.addWidget(self.bar)
        self.content.addWidget(self.progress)
        self.content.addWidget(first_row)
        self.content.addWidget(self.time)
        self.content.addWidget(plots, 1)

    def _request(self) -> PictureMeasureRequest | None:
        view = self.studio.run_view
        if self.studio.run is None or view is None or self.source.fitted is None:
            return None
        T = view.summary.timesteps
        return self._measure_request(timesteps=_EVALUATED if _EVALUATED < T else None)

    def _spec(self) -> JobSpec[object] | None:
        if not self._has_inputs():
            return None
        request, picture = self._request(), self.source.fitted
        if request is None or picture is None:
            return None
        self._request_step(by_user=self._user_requested)
        return specs.learning.bound_parts(request, picture)

    def _compare(self) -> None:
        self._request_step(by_user=True)

    def _request_step(self, *, by_user: bool) -> None:
        """Submit the job that computes the Gaussians q and p_θ at the slider's t."""
        request, picture = self._request(), self.source.fitted
        if request is not None and picture is not None and self.isVisible():
            t = max(1, self.time.value)
            spec = specs.learning.step_gaussians(request, picture, t)
            job = self.studio.submit(spec, by_user=by_user)
            job.on_finished(self._on_step)
            job.on_failed(self._on_failed)

    def _on_source(self) -> None:
        self.parts = self.step = None
        super()._on_source()

    def _on_time(self) -> None:
        self._debounce_timer.start()
        self._show_mark()

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, BoundParts)
        self.parts = result
        total = result.prior + result.middle + result.decoder
        by_term = {"L_T": result.prior, "L_t": result.middle, "L_0": result.decoder}
        self.bound.set_values(
            {key: self.tr("{0} bits/dim").format(short(value)) for key, value in by_term.items()}
        )
        self.bar.set_shares(
            [
                BarSegment(
                    "L_T", self.tr("L at T {0}").format(short(result.prior)), result.prior, 3
                ),
                BarSegment("L_t", f"Σ Lₜ₋₁ {short(result.middle)}", result.middle, 0),
                BarSegment(
                    "L_0",
                    self.tr("L₀ {0}   =  {1} bits/dim").format(short(result.decoder), short(total)),
                    result.decoder,
                    1,
                ),
            ]
        )
        x_labels = "t = 1", f"t = {len(result.weights):,}"
        self.terms.set_curves([Curve("L_t", self.tr("bits/dim"), result.t, result.bits)], x_labels)
        t = np.arange(1, len(result.weights) + 1, dtype=np.float64)
        self.weights.set_curves(
            [
                Curve("weight", self.tr("eq. 12"), t, result.weights, 0),
                Curve("one", self.tr("eq. 14"), t, np.ones_like(t), 1),
            ],
            x_labels,
        )
        self._show_mark()

    def _on_step(self, step: StepGaussians) -> None:
        self.step = step
        self.x_t.set_picture(step.picture)
        self._offer_channels(step.picture.shape[2])
        self._show_step()

    def _offer_channels(self, count: int) -> None:
        if count != self.channel.count():
            blocked = self.channel.blockSignals(True)
            self.channel.clear()
            self.channel.addItems(self._channel_names(count))
            self.channel.blockSignals(blocked)
        self.channel.setVisible(count > 1)

    def _channel_names(self, count: int) -> list[str]:
        if count > MAX_COLOUR_CHANNELS:
            return [self.tr("band {0}").format(number + 1) for number in range(count)]
        colours = [self.tr("red"), self.tr("green"), self.tr("blue")]
        names = colours if count >= len(colours) else [self.tr("gray")]
        return [*names, self.tr("alpha")][:count]

    def _show_step(self) -> None:
        """Show q and p_θ of the chosen pixel."""
        step = self.step
        if step is None:
            return
        column, row = self.x_t.pixel
        index = row, column, self.channel.currentIndex()
        q_mean, p_mean = float(step.q_mean[index]), float(step.p_mean[index])
        q_std, p_std = step.q_std, float(step.p_std[index])
        low = min(q_mean - _STD_RANGE * q_std, p_mean - _STD_RANGE * p_std)
        high = max(q_mean + _STD_RANGE * q_std, p_mean + _STD_RANGE * p_std)
        x = np.linspace(low, high, _GRID_POINTS)
        if q_std > 0:
            true = Curve("q_mean", self.tr("q, knowing x₀"), x, _density(x, q_mean, q_std), 0, True)
        else:
            # At t = 1 q is a point mass at x_0, drawn here as wide as its pixel level.
            half, peak = 1 / 255, float(_density(np.array([p_mean]), p_mean, p_std)[0])
            corners = np.array([q_mean - half, q_mean - half, q_mean + half, q_mean + half])
            true = Curve("q_mean", self.tr("x₀"), corners, np.array([0, peak, peak, 0]), 0, True)
        modelled = Curve("p_mean", self.tr("pθ"), x, _density(x, p_mean, p_std), 1, True)
        kl = float(step.bits[index])
        kind = self.tr("apart {0} bits") if q_std > 0 else self.tr("−log p {0} bits")
        self.curves.set_curves(
            [true, modelled, Curve("kl", kind.format(short(kl)), x[:0], x[:0], 3)],
            (short(low), short(high)),
            0.0,
        )
        values = {
            "q_mean": short(q_mean),
            "p_mean": short(p_mean),
            "q_std": f"{q_std:.4f}",
            "p_std": f"{p_std:.4f}",
        }
        if q_std > 0:
            values["kl"] = short(kl)
        else:
            # At t = 1 the term is −log p_θ(x_0|x_1), not a KL divergence.
            self.kl.clear_values()
        self.kl.set_values(values)

    def _show_mark(self) -> None:
        parts = self.parts
        if parts is None:
            return
        t = max(1, self.time.value)
        for view in (self.terms, self.weights):
            view.set_mark(t)
        if t <= len(parts.weights):
            self.vlb.set_values({"weight": short(float(parts.weights[t - 1]))})

    def _on_model(self) -> None:
        self.parts = self.step = None
        view = self.studio.run_view
        if view is not None:
            self.time.set_timesteps(view.summary.timesteps)
        self.bar.set_shares([])
        for equation in (self.bound, self.kl, self.vlb):
            equation.clear_values()
        self.x_t.set_picture(None)
        for plot in (self.curves, self.terms, self.weights):
            plot.set_mark(None)
            plot.set_curves([])
        super()._on_model()


def _density(
    x: np.ndarray[tuple[int], np.dtype[np.float64]], mean: float, std: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the density of N(mean, std²) at x."""
    return np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))
