"""Algorithm 2 line by line, with every value [DDPM §3.2]."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.learn.algorithm_view import AlgorithmView
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.widgets.layout.basics import button
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.teaching.results import SamplingStep

_LINES = (
    r"\bf{x}_T ∼ N(\bf{0}, \bf{I})",
    r"\rm{for}\, t = T, …, 1\, \rm{do}",
    r"\quad\bf{z} ∼ N(\bf{0}, \bf{I})\, \rm{if}\, t > 1\rm{, else}\, \bf{z} = \bf{0}",
    r"\quad\bf{x}_{t−1} = \frac{1}{\sqrt{α_t}}\fence{\bf{x}_t − "
    r"\frac{1−α_t}{\sqrt{1−\bar{α}_t}} ε_θ(\bf{x}_t, t)} + σ_t\bf{z}",
    r"\rm{end for}",
    r"\rm{return}\, \bf{x}_0",
)
_CAPTIONS = {"x_t": "xₜ", "told": "εθ(xₜ, t)", "z": "z", "x_before": "xₜ₋₁"}
_STEPS, _STAGES_PER_STEP, _TILE = 20, 3, 96


class SamplingChapter(ModelChapter):
    """Steps through 20 iterations of the loop, each in three stages: t and ε_θ, z, x_{t−1}."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.steps: list[SamplingStep] = []
        self.algorithm = AlgorithmView(
            self.tr("Algorithm 2"),
            _LINES,
            self._line_descriptions(),
            _CAPTIONS,
            columns=2,
            side=_TILE,
        )
        self.stages = self.algorithm.stages
        resample_button = button(self.tr("From other noise"), icon="dice-5", role="primary")
        resample_button.clicked.connect(self.resample)
        self.content.addWidget(self.algorithm, 1)
        self.content.addWidget(self.progress)
        self.content.addWidget(self.stages)
        self.content.addLayout(tool_links(actions, ["reverse"], resample_button))
        self.stages.moved.connect(self._show)
        self.algorithm.listing.chosen.connect(self._on_line)
        self._on_run()

    def _line_descriptions(self) -> list[str]:
        return [
            self.tr("draw noise"),
            self.tr("for each t from T to 1"),
            self.tr("draw fresh noise, none at the last step"),
            self.tr("take away what the network says is noise, put fresh noise back"),
            self.tr("end for"),
            self.tr("return the picture"),
        ]

    def _spec(self) -> JobSpec[object]:
        view = self.studio.run_view
        max_steps = view.summary.timesteps if view is not None else _STEPS
        request = self._sample_request(self._seed)
        return specs.teaching.sampling_steps(
            request.model_copy(update={"sampler": "ddpm", "steps": min(_STEPS, max_steps)})
        )

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, list)
        self.steps = result
        count = 1 + _STAGES_PER_STEP * len(result) + 2
        self.stages.set_stages(count, count - 1)

    def _on_line(self, line: int) -> None:
        """Go to a line of the listing, within the iteration shown."""
        iteration = (self.stages.stage - 1) // _STAGES_PER_STEP
        number = min(max(iteration, 0), len(self.steps) - 1)
        last = _STAGES_PER_STEP * len(self.steps)
        targets = {0: 0, 4: last + 1, 5: last + 2}
        self.stages.go(targets.get(line, 1 + _STAGES_PER_STEP * number + line - 1))

    def _show(self, stage: int) -> None:
        if not self.steps:
            return
        last = _STAGES_PER_STEP * len(self.steps)
        number = min(max((stage - 1) // _STAGES_PER_STEP, 0), len(self.steps) - 1)
        step, part = self.steps[number], (stage - 1) % _STAGES_PER_STEP
        if stage == 0:
            line, part, explanation = 0, -1, self.tr("Noise of the picture’s size.")
        elif stage > last:
            line, part = 3 + stage - last, 2
            explanation = self.tr("t has come to 0: x₀ is the picture.")
        else:
            line, explanation = part + 1, self._explanation(step, part)
        self.algorithm.listing.set_current(line)
        self.algorithm.explanation.setText(explanation)
        v = step.values
        for key, picture, first_part in (
            ("x_t", step.x_t, -1),
            ("told", step.prediction, 0),
            ("z", step.z, 1),
            ("x_before", step.x_before, 2),
        ):
            self.algorithm.show_picture(key, picture if part >= first_part else None, v[key])

    def _explanation(self, step: SamplingStep, part: int) -> str:
        v = step.values
        if part == 0:
            return self.tr("t = {0}: the network says which noise is in xₜ.").format(f"{step.t:,}")
        if part == 1:
            return (
                self.tr("Fresh noise, which counts with σₜ = {0}.").format(f"{step.sigma:.4f}")
                if step.sigma
                else self.tr("The last step: no noise is put back.")
            )
        return self.tr("In the middle: {0} ({1} − {2} · {3}) + {4} · {5} = {6}").format(
            f"{step.alpha**-0.5:.3f}",
            *(
                f"{value:.3f}"
                for value in (v["x_t"], step.share, v["told"], step.sigma, v["z"], v["x_before"])
            ),
        )

    def _on_model(self) -> None:
        self.steps = []
        self.algorithm.clear()
