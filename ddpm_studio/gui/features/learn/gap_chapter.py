"""Variational gap where it is known exactly: Gaussian data and the optimal predictor."""

from __future__ import annotations

import math

from PySide6.QtWidgets import QComboBox, QVBoxLayout, QWidget

from ddpm_studio.backend import specs
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.gui.features.learn.chapter import Chapter
from ddpm_studio.gui.features.learn.curve_view import Curve, CurveView, short
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.choices import add_choices, set_name_from_field
from ddpm_studio.gui.widgets.forms.slider import Slider
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, label, name, number_label
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout, inline_group
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import GAP_STEPS, GapCurves
from ddpm_studio.requests import DrawRequest

_SLIDER_WIDTH = 120


class GapChapter(Chapter):
    """Plots the variational bound, −log pθ(x₀) and the gap between them, in bits."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: GapCurves | None = None
        self.curves = CurveView(self.tr("The bound and the likelihood at each x₀"), numbers=short)
        self.gaps = CurveView(self.tr("The gap against the number of steps"), "xy", short)
        self.steps = QComboBox()
        for count in GAP_STEPS:
            self.steps.addItem(str(count), count)
        self.steps.setCurrentIndex(GAP_STEPS.index(10))
        name(self.steps, self.tr("Steps"), self.tr("How many of 1,000 timesteps are kept"))
        field = DrawRequest.model_fields["variance"]
        self.variance = QComboBox()
        add_choices(self.variance, choices_of(field))
        set_name_from_field(self.variance, field)
        self.std = Slider()
        self.std.setRange(1, 20)
        self.std.setValue(10)
        self.std.setFixedWidth(_SLIDER_WIDTH)
        name(self.std, self.tr("Width of the data"), self.tr("s of the data N(0, s²)"))
        ignore_unfocused_wheel(self.steps, self.variance)
        self.summary = number_label("", "muted")
        self.summary.setWordWrap(True)
        self.std_label = number_label("", "muted")
        choices = FlowLayout()
        for caption, box in ((self.tr("steps"), self.steps), ("σₜ²", self.variance)):
            choices.addWidget(inline_group(label(caption, "muted"), box))
            box.currentIndexChanged.connect(self._request)
        choices.addWidget(inline_group(label(self.tr("data"), "muted"), self.std, self.std_label))
        self.std.valueChanged.connect(self._request)
        self.gaps.moved.connect(self._select_steps)
        plots = ResponsiveRow()
        for view, caption in (
            (self.curves, self.tr("In bits, over x₀: what the bound says, what is so")),
            (
                self.gaps,
                self.tr("The gap on average over the number of steps, axes logarithmic"),
            ),
        ):
            column = QVBoxLayout()
            column.setSpacing(SPACE_S)
            column.addWidget(label(caption, "heading", wrap=True))
            column.addWidget(view, 1)
            plots.add(column)
        self.content.addLayout(choices)
        self.content.addWidget(plots, 1)
        self.content.addWidget(self.summary)

    def begin(self) -> None:
        """Compute the curves for the current choices."""
        self._request()

    def _request(self) -> None:
        std = self.std.value() / 20
        self.std_label.setText(f"N(0, {std:.2f}²)")
        if self._has_started:
            spec = specs.teaching.gap_curves(
                std, self.steps.currentData(), self.variance.currentData()
            )
            self.submit_job(spec, self._on_result)

    def _select_steps(self, count: int) -> None:
        """Choose the nearest number of steps offered; for a change by 1, as by a key, the next."""
        current = self.steps.currentIndex()
        nearest = min(
            range(len(GAP_STEPS)), key=lambda k: abs(math.log(GAP_STEPS[k] / max(1, count)))
        )
        if nearest == current and abs(count - GAP_STEPS[current]) == 1:
            nearest = current + (1 if count > GAP_STEPS[current] else -1)
        self.steps.setCurrentIndex(min(max(nearest, 0), len(GAP_STEPS) - 1))

    def _on_result(self, result: GapCurves) -> None:
        self.result = result
        self.curves.set_curves(
            [
                Curve("gap", self.tr("gap"), result.x, result.bound - result.exact, 3, True),
                Curve("bound", self.tr("bound L"), result.x, result.bound, 1),
                Curve("exact", "−log pθ(x₀)", result.x, result.exact, 0),
            ],
            (short(float(result.x[0])), short(float(result.x[-1]))),
            min(0.0, float(result.exact.min())),
        )
        template = self.tr("{0} steps")
        is_small = self.variance.currentIndex() == self.variance.findData("fixed_small")
        self.gaps.set_curves(
            [
                Curve("large", "σₜ² = βₜ", result.steps, result.large, 1 if is_small else 0),
                Curve("small", "σₜ² = β̃ₜ", result.steps, result.small, 0 if is_small else 1),
            ],
            (template.format(GAP_STEPS[0]), template.format(GAP_STEPS[-1])),
        )
        self.gaps.set_mark(float(self.steps.currentData()))
        self.summary.setText(
            self.tr(
                "Here the best predictor is known, and so is the model’s likelihood. The gap is "
                "{0} bits on average: q is not the model’s own posterior."
            ).format(short(result.gap))
        )
