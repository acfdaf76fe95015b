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
from ddpm_studio.gui.widgets.forms.combo_boxes import NarrowChoice
from ddpm_studio.gui.widgets.layout.basics import keep_from_wheel, name
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Points, PointWalk
from ddpm_studio.requests import SamplerRequest

_LEAST = 110
# Number of paths drawn: few where they wander about, many where they are nearly straight.
_FEW, _MANY, _WANDERS = 6, 128, 3.0
# A Langevin chain wanders about in one place: only its last steps are drawn.
_CHAIN, _CHAIN_STEPS, _CHAIN_TRAIL = "chain", 200, 8


class WalkTile(QWidget):
    """A choice of sampler, and its points at a share of their trajectory.

    ``walked`` is emitted when there is a new trajectory, ``failed`` carries a :class:`Failure`.

    Args:
        studio: knows the backend.
        place: index of the tile, from 0.
        sampler: name of the sampler that is chosen at first.
        parent: the owner.
    """

    walked = Signal()
    failed = Signal(object)

    def __init__(
        self, studio: Studio, place: int, sampler: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._studio, self._place = studio, place
        self._job: JobHandle[object] | None = None
        self._paths = _FEW
        self._asked: tuple[Any, int, int] | None = None
        self.walk: PointWalk | None = None
        """The trajectory that is shown, or None."""
        self.sampler = NarrowChoice()
        add_choices(self.sampler, choices_of(SamplerRequest.model_fields["sampler"]))
        self.sampler.addItem(self.tr("Langevin at t"), _CHAIN)
        self.sampler.setCurrentIndex(self.sampler.findData(sampler))
        title = self.tr("Sampler {0}").format(place + 1)
        name(self.sampler, title, self.tr("How to get from noise to a picture"))
        keep_from_wheel(self.sampler)
        self.plot = PointPlot(self.tr("Reverse process {0}").format(place + 1), _LEAST)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.sampler)
        layout.addWidget(self.plot, 1)
        self.sampler.currentIndexChanged.connect(self._again)

    @property
    def is_chain(self) -> bool:
        """Whether a Langevin chain, which stays at one t, is chosen instead of a sampler."""
        return bool(self.sampler.currentData() == _CHAIN)

    def ask(self, model: Any, seed: int, t: int) -> None:
        """Sample a trajectory with a model (jobs.PointModel); a Langevin chain stays at ``t``."""
        self._asked = model, seed, t
        self._again()

    def clear(self) -> None:
        """Cancel the job, discard the trajectory and clear the plot."""
        if self._job is not None:
            self._studio.backend.cancel(self._job)
        self._asked = self.walk = None
        self.plot.set_points(None)
        self.plot.set_paths([])
        self.plot.set_data(None)

    def show_share(self, share: float) -> None:
        """Show the points at a share in [0, 1] of their trajectory, and their paths so far."""
        if self.walk is None:
            return
        here = self.walk.at(share)
        self.plot.set_points(self.walk.moments[here])
        first = max(0, here - _CHAIN_TRAIL) if self.is_chain else 0
        self.plot.set_paths(
            [moment[: self._paths] for moment in self.walk.moments[first : here + 1]]
        )

    def show_noise(self, noise: Points) -> None:
        """Show the noise that a trajectory will start from."""
        self.plot.set_points(noise)

    def show_training(self, data: Points, samples: Points) -> None:
        """Show the data, and samples of the model in training."""
        self.plot.set_data(data)
        self.plot.set_points(samples)

    def _again(self) -> None:
        if self._asked is None:
            return
        model, seed, t = self._asked
        spec = (
            specs.playground.langevin(model, max(1, t), _CHAIN_STEPS, seed, self._place)
            if self.is_chain
            else specs.playground.walk_points(
                model, self.sampler.currentData(), None, seed, self._place
            )
        )
        self._job = self._studio.backend.submit(spec)
        self._job.on_finished(self._on_walked)
        self._job.on_failed(self._on_failed)

    def _on_walked(self, walk: PointWalk) -> None:
        self.walk = walk
        self._paths = _FEW if _wandering(walk) > _WANDERS else _MANY
        self.walked.emit()

    def _on_failed(self, failure: Failure) -> None:
        self.failed.emit(failure)


def _wandering(walk: PointWalk) -> float:
    """Return the ratio of the length of the points' paths to that of straight lines."""
    ways = np.stack(walk.moments)
    length = np.linalg.norm(np.diff(ways, axis=0), axis=2).sum()
    return float(length / max(1e-9, np.linalg.norm(ways[-1] - ways[0], axis=1).sum()))
