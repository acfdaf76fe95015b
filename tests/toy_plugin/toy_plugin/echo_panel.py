"""The tab of the echo: a picture, and what it may have been."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.gui.features.common.action_button import ActionButton
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.features.common.sampler_bar import SamplerBar
from ddpm_studio.gui.features.common.source_slot import SourceSlot
from ddpm_studio.gui.features.common.tool_panel import ToolPanel
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.jobs.events import DrawingResult, Event, Pictures

from .echo import EchoRequest


class EchoPanel(ToolPanel):
    """Draws again whenever another picture is dropped."""

    tool = "toy-echo"

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(studio, actions, parent)
        self.source = SourceSlot(studio, "Picture", "drop one", "echo source")
        self.sampler = SamplerBar()
        self.grid = PictureGrid("Echoes")
        again = actions.add("toy-echo.draw", "Echo again", self.draw_now, category=self.category)
        PictureMenu(studio, self.grid)
        for part in (self.source, self.progress, self.grid, self.sampler):
            self.content.addWidget(part)
        self.content.addWidget(ActionButton(again))
        self.source.fitted_changed.connect(lambda: self.draw_later(asked=self.source.asked))
        self.sampler.changed.connect(self.draw_later)
        studio.picture_sent.connect(self._on_picture_sent)
        self._on_run()

    def _spec(self) -> JobSpec[object] | None:
        if self.source.fitted is None or self.studio.run is None:
            return None
        request = EchoRequest(run=Path(self.studio.run), **self.sampler.value())
        return specs.drawing.draw(request, "echo", picture=self.source.fitted)

    def _on_event(self, event: Event) -> None:
        """Nothing to show before the pictures are finished."""

    def _on_finished(self, result: object) -> None:
        assert isinstance(result, DrawingResult)
        self.drawn = result
        self.grid.set_pictures(result.pictures, recipe=result.recipe)

    def _on_model(self) -> None:
        if self.studio.run_view is not None:
            self.sampler.follow(self.studio.run_view)
        self.source.refit()

    def _show_restored(self, found: ParsedRecipe) -> None:
        self.source.set_picture(found.inputs["picture"])
        self.sampler.set_value(found.request.model_dump())

    def _select(self, index: int) -> None:
        self.grid.select([index])

    def _on_picture_sent(self, where: str, picture: Pictures, recipe: object) -> None:
        if where == "echo":
            self.source.set_picture(picture)
