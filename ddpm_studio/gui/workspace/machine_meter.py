"""Benchmark of this machine's training speed, from timed training steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.settings import Preferences
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.picture_shape import ImageSize

if TYPE_CHECKING:
    from ddpm_studio.jobs.machine.machine_speed import MachineSpeed

_FIRST_SHAPE = (28, 1)


class MachineMeter(QObject):
    """Benchmarks training for the shape of the open pictures, while nothing else runs.

    Before any are open it uses the shape of the first data set that ships with the program.
    """

    changed = Signal()
    """Emitted when ``speed``, or what is known of it, has changed."""

    def __init__(self, studio: Studio, actions: ActionRegistry, preferences: Preferences) -> None:
        super().__init__(studio)
        self._studio, self._preferences = studio, preferences
        self._job: JobHandle[object] | None = None
        self._measured_shape: tuple[ImageSize, int] | None = None
        self.speed: MachineSpeed | None = None
        actions.add(
            "run.measure",
            self.tr("Measure this machine again"),
            self.measure_again,
            category=self.tr("&Model"),
            icon="gauge",
            tip=self.tr("Time a few training steps of each network, when nothing else runs"),
        )
        studio.backend.ready.connect(self._measure)
        studio.data_changed.connect(self._measure)
        studio.training_changed.connect(self._on_training)
        preferences.changed.connect(self._on_preference)

    def measure_again(self) -> None:
        """Measure again for the current shape, ignoring stored figures."""
        self._submit(self._shape(), again=True)

    @property
    def has_speed(self) -> bool:
        """Whether there are figures for the shape of the open pictures."""
        speed = self.speed
        return speed is not None and (speed.image_size, speed.channels) == self._shape()

    @property
    def measuring(self) -> bool:
        """Whether a measurement is queued or running."""
        return self._job is not None and not self._job.state.is_over

    @property
    def is_enabled(self) -> bool:
        """Whether measuring is enabled in the settings."""
        return self._preferences.now.measure

    @property
    def pictures(self) -> int | None:
        """Number of open pictures; None: none are open, or they are still being read."""
        dataset = self._studio.dataset
        return None if dataset is None else len(dataset)

    def seconds(self, preset: str, batch_size: int, pictures: int) -> float | None:
        """Return the estimated seconds to train on ``pictures`` pictures; None if unknown."""
        measured = self.speed.presets.get(preset) if self.speed and self.has_speed else None
        return None if measured is None else measured.seconds(pictures, batch_size)

    def _shape(self) -> tuple[ImageSize, int]:
        dataset = self._studio.dataset
        return (dataset.image_size, dataset.channels) if dataset is not None else _FIRST_SHAPE

    def _measure(self) -> None:
        """Measure if not done for this shape; pictures that are still being read have none yet."""
        is_reading = bool(self._studio.sources) and self._studio.dataset is None
        if is_reading or self._studio.backend.device is None:
            return
        is_measured = self._shape() == self._measured_shape
        if self.is_enabled and not is_measured and self._studio.training is None:
            self._submit(self._shape(), again=False)
        # Also where nothing is measured: what is known is of the shape before.
        self.changed.emit()

    def _submit(self, shape: tuple[ImageSize, int], again: bool) -> None:
        self._measured_shape = shape
        self._job = self._studio.backend.submit(specs.machine.measure_speed(*shape, again))
        self._job.on_finished(self._on_measured)
        self._job.ended.connect(self.changed)

    def _on_measured(self, speed: MachineSpeed) -> None:
        self.speed = speed
        self.changed.emit()

    def _on_training(self) -> None:
        """Cancel measuring for a training, which needs the memory and would skew the figures."""
        if self._studio.training is None:
            self._measure()
        else:
            self._cancel()

    def _on_preference(self, key: str) -> None:
        if key in ("measure", "device", "precision", "threads"):
            self._measured_shape = None
            if self.is_enabled:
                self._measure()
            else:
                self._cancel()
                self.changed.emit()

    def _cancel(self) -> None:
        """Cancel the measurement that is queued or running, if any."""
        if self._job is not None and not self._job.state.is_over:
            self._studio.backend.cancel(self._job)
            self._measured_shape = None
