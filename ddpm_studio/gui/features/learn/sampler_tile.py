"""Sampler tile of the playground: one sampler's trajectory from noise to points."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.catalogue.fields import choices_of
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.learn.point_plot import PointPlot
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.forms.choices import add_choices
from ddpm_studio.gui.widgets.forms.combo_boxes import ElidedComboBox
from ddpm_studio.gui.widgets.layout.basics import ignore_unfocused_wheel, name
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Points, PointTrajectory
from ddpm_studio.requests import SamplerRequest

_MIN_SIDE = 110
# Number of paths drawn: few where they wander about, many where they are nearly straight.
_FEW_PATHS, _MANY_PATHS, _MAX_PATH_RATIO = 6, 128, 3.0
# A Langevin chain wanders about in one place: only its last steps are drawn.
_CHAIN, _CHAIN_STEPS, _CHAIN_TRAIL = "chain", 200, 8


class SamplerTile(QWidget):
    """A choice of sampler, and its points at a fraction of their trajectory.

    ``trajectory_ready`` is emitted when there is a new trajectory, ``failed`` carries a
    :class:`Failure`.

    Args:
        studio: knows the backend.
        index: index of the tile, from 0.
        sampler: name of the sampler that is chosen at first.
        parent: the owner.
    """

    trajectory_ready = Signal()
    failed = Signal(object)

    def __init__(
        self, studio: Studio, index: int, sampler: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio, self._index = studio, index
        self._job: JobHandle[object] | None = None
        self._paths = _FEW_PATHS
        self._last_request: tuple[Any, int, int] | None = None
        self.trajectory: PointTrajectory | None = None
        """The trajectory that is shown, or None."""
        self.sampler = ElidedComboBox()
        add_choices(self.sampler, choices_of(SamplerRequest.model_fields["sampler"]))
        self.sampler.addItem(self.tr("Langevin at t"), _CHAIN)
        self.sampler.setCurrentIndex(self.sampler.findData(sampler))
        title = self.tr("Sampler {0}").format(index + 1)
        name(self.sampler, title, self.tr("How to get from noise to a picture"))
        ignore_unfocused_wheel(self.sampler)
        self.plot = PointPlot(self.tr("Reverse process {0}").format(index + 1), _MIN_SIDE)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.sampler)
        layout.addWidget(self.plot, 1)
        self.sampler.currentIndexChanged.connect(self._submit)

    @property
    def is_chain(self) -> bool:
        """Whether a Langevin chain, which stays at one t, is chosen instead of a sampler."""
        return bool(self.sampler.currentData() == _CHAIN)

    def sample(self, model: Any, seed: int, t: int) -> None:
        """Sample a trajectory with a model (jobs.PointModel); a Langevin chain stays at ``t``."""
        self._last_request = model, seed, t
        self._submit()

    def clear(self) -> None:
        """Cancel the job, discard the trajectory and clear the plot."""
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        self._last_request = self.trajectory = None
        self.plot.set_points(None)
        self.plot.set_paths([])
        self.plot.set_data(None)

    def show_fraction(self, fraction: float) -> None:
        """Show the points at a fraction in [0, 1] of their trajectory, and their paths so far."""
        if self.trajectory is None:
            return
        index = self.trajectory.index_at(fraction)
        self.plot.set_points(self.trajectory.states[index])
        first = max(0, index - _CHAIN_TRAIL) if self.is_chain else 0
        self.plot.set_paths(
            [state[: self._paths] for state in self.trajectory.states[first : index + 1]]
        )

    def show_noise(self, noise: Points) -> None:
        """Show the noise that a trajectory will start from."""
        self.plot.set_points(noise)

    def show_training(self, data: Points, samples: Points) -> None:
        """Show the data, and samples of the model in training."""
        self.plot.set_data(data)
        self.plot.set_points(samples)

    def _submit(self) -> None:
        if self._last_request is None:
            return
        model, seed, t = self._last_request
        spec = (
            specs.playground.langevin(model, max(1, t), _CHAIN_STEPS, seed, self._index)
            if self.is_chain
            else specs.playground.sample_trajectory(
                model, self.sampler.currentData(), None, seed, self._index
            )
        )
        self._job = self._studio.backend.submit(spec)
        self._job.on_finished(self._on_trajectory)
        self._job.on_failed(self._on_failed)

    def _on_trajectory(self, trajectory: PointTrajectory) -> None:
        self.trajectory = trajectory
        self._paths = _FEW_PATHS if _path_ratio(trajectory) > _MAX_PATH_RATIO else _MANY_PATHS
        self.trajectory_ready.emit()

    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)


def _path_ratio(trajectory: PointTrajectory) -> float:
    """Return the ratio of the length of the points' paths to that of straight lines."""
    states = np.stack(trajectory.states)
    length = np.linalg.norm(np.diff(states, axis=0), axis=2).sum()
    return float(length / max(1e-9, np.linalg.norm(states[-1] - states[0], axis=1).sum()))
