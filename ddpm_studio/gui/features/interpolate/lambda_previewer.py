"""Live interpolation at an exact λ while its slider is dragged, for models that draw quickly."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from ddpm_studio.backend import JobHandle, JobSpec
from ddpm_studio.gui.features.interpolate.mix_view import SLIDER, MixView
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult


class LambdaPreviewer(QObject):
    """Draws at the slider's λ itself, between the pictures of the row, during a drag.

    One drawing is in flight, and only the newest λ is pending; none is kept in the gallery.

    Args:
        studio: where drawings are submitted.
        view: has the slider, the preview and the label.
        spec: returns the job for a λ in [0, 1]; None while that can't be drawn quickly.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        view: MixView,
        spec: Callable[[float], JobSpec[DrawingResult] | None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._studio, self._view, self._spec = studio, view, spec
        self._job: JobHandle[DrawingResult] | None = None
        self._pending: float | None = None
        self._lambda = 0.0
        #: Whether the preview shows a picture drawn by this object.
        self.is_showing = False
        view.slider.valueChanged.connect(self._on_slider)
        view.slider.sliderReleased.connect(self.stop)

    def stop(self) -> None:
        """Cancel the drawing, and return the preview to the pictures of the row."""
        self.is_showing, self._pending = False, None
        if self._job is not None:
            self._studio.backend.cancel(self._job)

    def _on_slider(self, value: int) -> None:
        if self._view.slider.isSliderDown():
            self._pending = value / SLIDER
            if self._job is None:
                self._start_pending()

    def _start_pending(self) -> None:
        if self._pending is None or (spec := self._spec(self._pending)) is None:
            return
        self._lambda, self._pending = self._pending, None
        self._job = self._studio.submit(spec, by_user=False)
        self._job.on_finished(self._show)
        self._job.ended.connect(self._on_ended)

    def _show(self, drawn: DrawingResult) -> None:
        if self._view.slider.isSliderDown():
            self.is_showing = True
            self._view.lambda_label.setText(f"λ = {self._lambda:.2f}")
            self._view.preview.set_rows(drawn.pictures, (), recipe=drawn.recipe)

    def _on_ended(self) -> None:
        self._job = None
        self._start_pending()
