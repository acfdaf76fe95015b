"""Export of curves: as a table, or as a picture."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.observatory.curves_page import CurvesPage
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import ask_where
from ddpm_studio.gui.widgets.layout.saved_message import tell_saved
from ddpm_studio.gui.widgets.plots.plot_picture import picture_of
from ddpm_studio.gui.workspace.studio import Studio


class FigureSaver(QObject):
    """Asks where to, then writes in the backend.

    Args:
        studio: writes the files.
        page: whose curves they are.
        messages: tells how it went.
    """

    saved = Signal(object)
    """A file was written whole; carries its Path."""

    def __init__(self, studio: Studio, page: CurvesPage, messages: MessageBar) -> None:
        super().__init__(page)
        self._studio, self._page, self._messages = studio, page, messages

    def ask_csv(self) -> None:
        """Ask for the place of a table of all figures of the shown runs."""
        self._ask(self.tr("Save figures"), {self.tr("Table (*.csv)"): "csv"})

    def ask_picture(self) -> None:
        """Ask for the place of a picture of the loss curve."""
        kinds = {self.tr("PNG picture (*.png)"): "png", self.tr("SVG drawing (*.svg)"): "svg"}
        self._ask(self.tr("Save the loss curve"), kinds)

    def save(self, path: Path) -> None:
        """Write what the ending of ``path`` says: csv, png or svg; ``saved`` follows."""
        spec = self._spec(path)
        if spec is None:
            self._messages.show_info(self.tr("There is no curve to save yet."))
            return
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_saved)
        job.on_failed(self._on_failed)

    def _spec(self, path: Path) -> JobSpec[Path] | None:
        if path.suffix.lower() == ".csv":
            runs = [record.run for record in self._page.records]
            return specs.exports.save_figures(
                path, list(zip(self._page.names(), runs, strict=True))
            )
        content = picture_of(self._page.loss, "svg" if path.suffix.lower() == ".svg" else "png")
        return None if content is None else specs.exports.save_drawing(path, content)

    def _ask(self, title: str, filters: dict[str, str]) -> None:
        if self._page.records:
            file_name = f"{self._page.records[0].run.name}.{next(iter(filters.values()))}"
            ask_where(self._page.window(), title, filters, file_name, self.save)

    def _on_saved(self, path: Path) -> None:
        tell_saved(self._messages, path)
        self.saved.emit(path)

    def _on_failed(self, failure: Failure) -> None:
        self._messages.show_failure(failure)
