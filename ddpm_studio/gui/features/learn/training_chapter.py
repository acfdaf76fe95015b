"""Algorithm 1 line by line, on a picture, with every value [DDPM §3.4]."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.learn.algorithm_view import AlgorithmView
from ddpm_studio.gui.features.learn.curve_view import short
from ddpm_studio.gui.features.learn.model_chapter import PictureChapter
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.widgets.layout.flow_layout import FlowLayout
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import TrainingStep

_LINES = (
    r"\rm{repeat}",
    r"\quad\bf{x}_0 ∼ q(\bf{x}_0)",
    r"\quad t ∼ \rm{Uniform}(1, …, T)",
    r"\quad ε ∼ N(\bf{0}, \bf{I})",
    r"\quad\rm{step along}\, ∇_θ ‖ε − ε_θ(\sqrt{\bar{α}_t}\bf{x}_0 + \sqrt{1−\bar{α}_t}ε, t)‖^2",
    r"\rm{until converged}",
)
# The line of each stage; the fifth line takes four stages.
_STAGES = (0, 1, 2, 3, 4, 4, 4, 4, 5)
_CAPTIONS = {"x0": "x₀", "eps": "ε", "x_t": "xₜ", "told": "εθ(xₜ, t)", "error": "ε − εθ"}
_TILE, _SLOT = 84, 96


class TrainingChapter(PictureChapter):
    """Steps through one iteration of the loop, on a copy of the network: the model is unchanged."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.result: TrainingStep | None = None
        self.source.setFixedSize(_SLOT, _SLOT)
        self.algorithm = AlgorithmView(
            self.tr("Algorithm 1"),
            _LINES,
            self._line_descriptions(),
            _CAPTIONS,
            columns=3,
            side=_TILE,
        )
        self.stages = self.algorithm.stages
        resample_button = button(
            self.tr("Once more"), self.tr("Another t, another ε"), icon="dice-5"
        )
        resample_button.clicked.connect(self.resample)
        footer = FlowLayout()
        footer.addWidget(self.source)
        footer.addWidget(resample_button)
        self.content.addWidget(self.algorithm, 1)
        self.content.addWidget(self.stages)
        self.content.addLayout(footer)
        self.stages.moved.connect(self._show)
        self.algorithm.listing.chosen.connect(lambda line: self.stages.go(_STAGES.index(line)))
        self._on_run()

    def _line_descriptions(self) -> list[str]:
        return [
            self.tr("repeat"),
            self.tr("draw a picture of the data"),
            self.tr("draw a t"),
            self.tr("draw noise"),
            self.tr("take a gradient step on the squared error of the predicted noise"),
            self.tr("until converged"),
        ]

    def _spec(self) -> JobSpec[object] | None:
        if not self._has_inputs() or self.source.fitted is None:
            return None
        return specs.teaching.training_step(self._measure_request(), self.source.fitted, self._seed)

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, TrainingStep)
        first = self.result is None
        self.result = result
        # The first result is shown whole, at the last stage; playing from there starts over.
        self.stages.set_stages(len(_STAGES), len(_STAGES) - 1 if first else self.stages.stage)

    def _show(self, stage: int) -> None:
        self.algorithm.listing.set_current(_STAGES[min(stage, len(_STAGES) - 1)])
        found = self.result
        if found is None:
            return
        self.algorithm.explanation.setText(self._explanation(found, stage))
        v = found.values
        for key, picture, first_stage, value in (
            ("x0", found.x_0, 1, v["x0"]),
            ("eps", found.eps, 3, v["eps"]),
            ("x_t", found.x_t, 4, v["x_t"]),
            ("told", found.prediction, 5, v["told"]),
            ("error", found.error, 6, v["eps"] - v["told"]),
        ):
            self.algorithm.show_picture(key, picture if stage >= first_stage else None, value)

    def _explanation(self, found: TrainingStep, stage: int) -> str:
        return (
            self.tr("One pass through the loop begins."),
            self.tr("A picture of the data, its values from −1 to 1."),
            self.tr("t = {0}").format(f"{found.t:,}"),
            self.tr("Noise of the picture’s size; ±3 is shown from black to white."),
            self.tr("xₜ = {0} · x₀ + {1} · ε").format(f"{found.signal:.4f}", f"{found.noise:.4f}"),
            self.tr("The network says which noise is in it."),
            self.tr("The mean square of the error is {0}.").format(short(found.loss)),
            self.tr("Gradient {0} long; after one step of Adam, {1}, the error is {2}.").format(
                short(found.gradient), short(found.rate), short(found.after)
            ),
            self.tr("At t = {0} the error went from {1} to {2}. And so on.").format(
                f"{found.t:,}", f"{found.loss:.5f}", f"{found.after:.5f}"
            ),
        )[min(stage, len(_STAGES) - 1)]

    def _on_model(self) -> None:
        self.result = None
        self.algorithm.clear()
        super()._on_model()
