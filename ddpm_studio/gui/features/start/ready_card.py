"""Ready-model card of the start page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.gui.widgets.pictures.picture_card import PictureCard
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.covers import RunCover


class ReadyCard(PictureCard):
    """Card of a pretrained model that ships with the program; a click opens it."""

    def __init__(self, studio: Studio, run: Path, height: int) -> None:
        super().__init__(run.name, icon="layers", height=height)
        self._studio, self._run = studio, run
        self._tip = self.tr("Open this model: every tool draws with it")
        self.setToolTip(self._tip)
        self.set_caption(self.tr("drawn by this model"))
        self.clicked.connect(self._open)

    def show_cover(self, cover: RunCover) -> None:
        """Show samples of the model, and its title."""
        self.set_pictures(cover.pictures)
        if cover.published is not None:
            self.setText(cover.published.title)
            self.setAccessibleName(cover.published.title)
            # A long title is elided on the card.
            self.setToolTip(f"{cover.published.title}\n{self._tip}")

    def _open(self) -> None:
        self._studio.open_run(self._run)
