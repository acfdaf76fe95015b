"""Number of sampling steps: the same noise drawn in 2, 20, 100 and, on request, all T steps."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QComboBox, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.catalogue import SAMPLERS
from ddpm_studio.gui.features.common.counts import step_count
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.forms.choices import translated
from ddpm_studio.gui.widgets.layout.basics import button, ignore_unfocused_wheel, label, name
from ddpm_studio.gui.widgets.layout.flow_layout import inline_group
from ddpm_studio.gui.widgets.pictures.row_grid import RowGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult, Event
from ddpm_studio.jobs.teaching.results import FigureRows
from ddpm_studio.requests import SampleRequest

_STEP_COUNTS, _MAX_STEPS = (2, 20, 100), 1000
_FIRST = "ddim"


class StepsChapter(ModelChapter):
    """A row of samples for each number of steps, all from the same x_T, with the seconds taken."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self._rows: list[Pictures] = []
        self.sampler = QComboBox()
        for sampler in SAMPLERS.values():
            if sampler.featured and not sampler.few_step:
                self.sampler.addItem(translated(sampler.title), sampler.name)
        self.sampler.setCurrentIndex(max(0, self.sampler.findData(_FIRST)))
        name(self.sampler, self.tr("Sampler"), self.tr("From the paper, or from later work"))
        ignore_unfocused_wheel(self.sampler)
        self.grid = RowGrid(self.tr("The same noise in fewer and more steps"))
        self.grid.set_empty("film", self.tr("Drawing begins in a moment"))
        self.slow = button(
            self.tr("All steps too"),
            self.tr("Draw with each of the T timesteps, as in the paper: takes a while"),
            icon="clock",
        )
        self.slow.setCheckable(True)
        sampler_group = inline_group(label(self.tr("sampler"), "muted"), self.sampler)
        self.content.addWidget(self.grid, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(tool_links(actions, ["reverse"], sampler_group, self.slow))
        self.sampler.currentIndexChanged.connect(self.draw_later)
        self.slow.toggled.connect(self.draw_later)
        self._on_run()

    def _spec(self) -> JobSpec[object]:
        self._rows = []
        request = self._request()
        steps = self._steps(request)
        self._labels = [step_count(count) for count in steps]
        return specs.teaching.step_rows(request, steps)

    def _request(self) -> SampleRequest:
        return self._sample_request(0, self.sampler.currentData())

    def _steps(self, request: SampleRequest) -> list[int]:
        view = self.studio.run_view
        max_steps = view.summary.timesteps if view is not None else _MAX_STEPS
        if view is not None and view.summary.sampler is not None:
            return [1, 2]
        counts = (*_STEP_COUNTS, max_steps) if self.slow.isChecked() else _STEP_COUNTS
        return sorted({min(count, max_steps) for count in counts})

    def _on_event(self, event: Event) -> None:
        if isinstance(event, DrawingResult):
            self._rows.append(event.pictures)
            self.grid.set_rows(np.concatenate(self._rows), self._labels[: len(self._rows)])

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, FigureRows)
        seconds = result.seconds.values()
        labels = [
            self.tr("{0}, {1} s").format(text, f"{duration:.1f}")
            for text, duration in zip(self._labels, seconds, strict=True)
        ]
        self.grid.set_rows(np.concatenate(list(result.rows.values())), labels)

    def _on_model(self) -> None:
        self._rows = []
        self.grid.set_rows(None, ())
