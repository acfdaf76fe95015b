"""Data-driven modelling: pictures of the data next to samples of the model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.learn.model_chapter import ModelChapter
from ddpm_studio.gui.features.learn.tool_links import tool_links
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.layout.responsive_row import ResponsiveRow
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import DrawingResult

_COUNT = 16


class SamplesChapter(ModelChapter):
    """Shows pictures of the data, x₀ ∼ q(x₀), next to samples of the model, x₀ ∼ pθ(x₀)."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.data = PictureGrid(self.tr("Pictures of the data"))
        self.samples = PictureGrid(self.tr("Pictures that the model draws"))
        self.data.set_empty("image", self.tr("The pictures it was trained on are not here"))
        self.samples.set_empty("sparkles", self.tr("Drawing begins in a moment"))
        self.resample_button = button(
            self.tr("Draw others"),
            self.tr("Sample the distribution again, with other noise"),
            icon="dice-5",
            role="primary",
        )
        self.resample_button.clicked.connect(self.resample)
        columns = ResponsiveRow()
        for grid, title in (
            (self.data, self.tr("Data: x₀ ∼ q(x₀)")),
            (self.samples, self.tr("Model: x₀ ∼ pθ(x₀)")),
        ):
            column = QVBoxLayout()
            column.addWidget(label(title, "heading"))
            column.addWidget(grid, 1)
            columns.add(column)
        self.content.addWidget(columns, 1)
        self.content.addWidget(self.progress)
        self.content.addLayout(tool_links(actions, ["reverse", "gallery"], self.resample_button))
        studio.data_changed.connect(self._on_data)
        self._on_run()

    def _spec(self) -> JobSpec[object]:
        self._show_data()
        request = self._sample_request(self._seed).model_copy(update={"count": _COUNT})
        return specs.drawing.draw(request, "learn samples")

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, DrawingResult)
        self.samples.set_pictures(result.pictures, recipe=result.recipe)

    def _on_model(self) -> None:
        self.samples.set_pictures(None)
        self.data.set_pictures(None)

    def _on_data(self) -> None:
        if self.isVisible() and self.studio.can_draw:
            self._show_data()

    def _show_data(self) -> None:
        """Show the open pictures, or else some of those that the run was trained on."""
        dataset = self.studio.dataset
        if dataset is not None:
            self.data.set_pictures(dataset.images[dataset.evenly_spaced(_COUNT)])
        else:
            spec = specs.data.example_pictures(self.run, _COUNT, "learn data")
            self.studio.backend.submit(spec).on_finished(self._on_examples)

    def _on_examples(self, found: tuple[Pictures, Sequence[str | None]]) -> None:
        # Others may have been opened while these were read.
        if self.studio.dataset is None:
            self.data.set_pictures(found[0][:_COUNT])
