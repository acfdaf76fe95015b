"""KL divergence between two Gaussians, with a slider for each of their four numbers."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.learn.chapter import Chapter
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short, two_decimals
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import label, name, number_label
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import TwoGaussians

_REACH = 6.0
_PARTS = 100
_START = {"q_mean": -0.5, "q_std": 0.8, "p_mean": 0.5, "p_std": 1.2}
_RANGE = {"mean": (-3.0, 3.0), "std": (0.2, 2.5)}


class KLChapter(Chapter):
    """Shows two Gaussians, the integrand of KL(q‖p), and both KL divergences in bits."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: TwoGaussians | None = None
        self.densities = CurveView(self.tr("Two Gaussians"), numbers=two_decimals)
        self.parts = CurveView(self.tr("What each place adds to KL(q‖p)"), numbers=two_decimals)
        self.total = number_label("", "title")
        self.total.setWordWrap(True)
        self.sliders: dict[str, Slider] = {}
        self._value_labels: dict[str, QLabel] = {}
        self._debounce_timer = QTimer(self)
        self._debounce_timer.setSingleShot(True)
        self._debounce_timer.setInterval(0)
        self._debounce_timer.timeout.connect(self._request)
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE_M)
        for row, (key, symbol) in enumerate(
            (("q_mean", "μ of q"), ("q_std", "σ of q"), ("p_mean", "μ of p"), ("p_std", "σ of p"))
        ):
            slider, number = Slider(), number_label("", "muted")
            slider.setRange(0, _PARTS)
            low, high = _RANGE[key[2:]]
            slider.setValue(round((_START[key] - low) / (high - low) * _PARTS))
            name(slider, symbol)
            slider.valueChanged.connect(self._debounce_timer.start)
            self.sliders[key], self._value_labels[key] = slider, number
            number.setMinimumWidth(40)
            grid.addWidget(label(symbol, "muted"), row, 0)
            grid.addWidget(slider, row, 1)
            grid.addWidget(number, row, 2)
        left, right = QVBoxLayout(), QVBoxLayout()
        left.addWidget(self.densities, 1)
        left.addLayout(grid)
        right.addWidget(self.parts, 1)
        right.addWidget(self.total)
        plots = ResponsiveRow()
        plots.add(left)
        plots.add(right)
        self.content.addWidget(plots, 1)

    def begin(self) -> None:
        """Compute the divergences of the Gaussians that the sliders describe."""
        self._request()

    def value(self, key: str) -> float:
        """Return the value of a slider: q_mean, q_std, p_mean or p_std."""
        low, high = _RANGE[key[2:]]
        return low + (high - low) * self.sliders[key].value() / _PARTS

    def _request(self) -> None:
        spec = specs.teaching.two_gaussians(
            self.value("q_mean"),
            self.value("q_std"),
            self.value("p_mean"),
            self.value("p_std"),
            _REACH,
        )
        self.submit_job(spec, self._on_result)

    def _on_result(self, result: TwoGaussians) -> None:
        self.result = result
        for key, value_label in self._value_labels.items():
            value_label.setText(f"{self.value(key):.2f}")
        x_labels = f"{-_REACH:.0f}", f"{_REACH:.0f}"
        self.densities.set_curves(
            [
                Curve("q", "q", result.x, result.q, 0, True),
                Curve("p", "p", result.x, result.p, 1, True),
            ],
            x_labels,
            0.0,
        )
        self.parts.set_curves(
            [Curve("part", self.tr("q · log₂(q/p): its area is KL"), result.x, result.part, 2)],
            x_labels,
        )
        self.total.setText(
            self.tr("KL(q‖p) = {0} bits, KL(p‖q) = {1} bits").format(
                short(result.kl_qp), short(result.kl_pq)
            )
        )
