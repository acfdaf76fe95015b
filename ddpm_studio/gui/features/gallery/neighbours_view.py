"""Nearest neighbours of a picture in the training set, to detect memorisation."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.picture_menu import PictureMenu
from ddpm_studio.gui.platform.images import Pictures
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.pictures.picture_grid import PictureGrid
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import NeighboursFound
from ddpm_studio.paths import is_file
from ddpm_studio.requests import NeighboursRequest

_COUNT = 3
_HEIGHT = 72


class NeighboursView(QWidget):
    """Search button and, after a click, the nearest training pictures with their distances."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._picture: Pictures | None = None
        self._run: Path | None = None
        self._job: JobHandle[NeighboursFound] | None = None
        self.found: NeighboursFound | None = None
        self.start = button(
            self.tr("Nearest in the data"),
            self.tr("Find the training pictures most like this one: was it memorised?"),
            icon="search",
        )
        self.grid = PictureGrid(self.tr("Nearest training pictures"))
        self.grid.setFixedHeight(_HEIGHT)
        self.grid.tooltip_for = self._tooltip
        self.result_text = label("", "caption", wrap=True)
        PictureMenu(studio, self.grid)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.start)
        layout.addWidget(self.grid)
        layout.addWidget(self.result_text)
        self.start.clicked.connect(self.search)
        self._clear()
        self.set_picture(None)

    def set_picture(self, picture: Pictures | None, run: Path | None = None) -> None:
        """Set the picture (H, W, C) to search for, or none; the search itself starts on demand.

        The results for the same picture stay.

        Args:
            picture: the picture as drawn.
            run: the run that drew it; None, or if it no longer exists: search the open run's data,
                provided they have the picture's shape.
        """
        self._run = run if run is not None and is_file(run / "run.json") else None
        view = self._studio.run_view
        if self._run is None and picture is not None and view is not None and view.sources:
            model = view.summary
            if picture.shape == (model.height, model.width, model.channels):
                self._run = self._studio.run
        self.start.setEnabled(picture is not None and self._run is not None)
        if picture is not self._picture:
            self._picture = picture
            self._clear()

    def search(self) -> None:
        """Search the training data of the run, in the backend."""
        if self._picture is None or self._run is None:
            return
        request = NeighboursRequest(run=self._run, count=_COUNT)
        job = self._job = self._studio.backend.submit(
            specs.measuring.neighbours(request, self._picture, "neighbours")
        )
        job.on_finished(self._on_found)
        job.on_failed(self._on_failed)
        self._show_text(self.tr("Comparing…"))

    def _clear(self) -> None:
        """Hide the results, and cancel a search for another picture."""
        self.found = None
        self.grid.hide()
        self.result_text.hide()
        if self._job is not None:
            self._studio.backend.cancel(self._job)
            self._job = None

    def _on_found(self, found: NeighboursFound) -> None:
        self.found = found
        self.grid.set_pictures(found.pictures)
        self.grid.show()
        text = self.tr("nearest: RMSE {0:.1f} of 255").format(found.distances[0])
        if found.among_themselves is not None:
            text += self.tr("; that one is {0:.1f} from its own nearest").format(
                found.among_themselves
            )
        self._show_text(text)

    def _on_failed(self, failure: Failure) -> None:
        self._show_text(failure.line)

    def _show_text(self, text: str) -> None:
        self.result_text.setText(text)
        self.result_text.show()

    def _tooltip(self, index: int) -> str:
        if self.found is None:
            return ""
        number = f"{self.found.numbers[index]:,}"
        text = self.tr("{0} · RMSE {1:.1f}").format(
            self.found.names[index] or self.tr("Picture {0} of the data").format(number),
            self.found.distances[index],
        )
        return text + self.tr(" · mirrored") if self.found.mirrored[index] else text
