"""Base classes of the chapters that show the open model."""

from __future__ import annotations

from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtWidgets import QWidget

from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.platform.images import PictureDrop
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event
from ddpm_studio.requests import PictureMeasureRequest, SampleRequest
from ddpm_studio.runs.ready import ready_runs

_STEPS = 50

# The chapters share one picture: reading the data set again for each would take time.
_pictures: WeakKeyDictionary[Studio, tuple[Path, PictureDrop]] = WeakKeyDictionary()


class ModelChapter(ToolPanel):
    """A chapter of the open model; where none is open, a pretrained one is offered.

    A subclass implements :meth:`_spec` and :meth:`_on_finished`.
    """

    tool = "learn"
    _seed = 0

    def resample(self) -> None:
        """Draw again, from other noise: the next seed."""
        self._seed += 1
        self.draw_now()

    @property
    def run(self) -> Path:
        """The folder of the open run; there must be one."""
        assert self.studio.run is not None
        return Path(self.studio.run)

    def _sample_request(
        self, seed: int, sampler: str = "ddpm", steps: int = _STEPS
    ) -> SampleRequest:
        """Return a request for samples in ``steps`` steps, or in those of a few-step student."""
        view = self.studio.run_view
        if view is not None and view.summary.sampler is not None:
            return SampleRequest(
                run=self.run,
                sampler=view.summary.sampler,
                steps=view.summary.sampler_steps,
                seed=seed,
            )
        max_steps = view.summary.timesteps if view is not None else steps
        return SampleRequest(run=self.run, sampler=sampler, steps=min(steps, max_steps), seed=seed)

    def _on_event(self, event: Event) -> None:
        """Ignore the events before the result, unless a subclass shows them."""

    def _on_model(self) -> None:
        """Do nothing about another model, unless a subclass has views to reset."""

    def _update_empty_state(self) -> None:
        ready = ready_runs()
        if not ready or self.studio.opening is not None or self.studio.run is not None:
            super()._update_empty_state()
            return
        self.empty.set_content(
            self.icon or self.info.icon,
            self.studio.no_model,
            self.tr("Use the ready model"),
            lambda: self.studio.open_run(ready[0]),
        )


class PictureChapter(ModelChapter):
    """A chapter of the open model and one picture, at first one of its data at random."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.source = SourceSlot(
            studio,
            "x₀",
            self.tr("drop a picture"),
            f"learn source {type(self).__name__}",
            by_class=True,
        )
        self.source.fitted_changed.connect(self._on_source)
        self.source.failed.connect(self._on_failed)

    def _measure_request(
        self, seed: int = 0, timesteps: int | None = None
    ) -> PictureMeasureRequest:
        return PictureMeasureRequest(
            run=self.run, seed=seed, timesteps=timesteps, class_label=self.source.class_label
        )

    def _has_inputs(self) -> bool:
        if self.source.fitted is None and not self.source.waiting:
            run, picture = _pictures.get(self.studio, (None, None))
            if picture is not None and run == self.run:
                self.source.accept(picture, asked=False, is_random=True)
            else:
                self.source.pick_from_data(asked=False)
        return self.source.fitted is not None

    def _on_source(self) -> None:
        if self.source.drop is not None:
            _pictures[self.studio] = self.run, self.source.drop
        self.draw_later(asked=self.source.asked)

    def _on_model(self) -> None:
        self.source.refit()
