"""Export of training curves: figures as CSV, the loss curve as PNG or SVG."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import JobSpec, specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.observatory.curves_page import CurvesPage
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from ddpm_studio.gui.widgets.plots.plot_export import render_loss_plot
from ddpm_studio.gui.workspace.studio import Studio


class FigureSaver(QObject):
    """Opens save dialogs for curves, and writes the files in the backend.

    Args:
        studio: its backend writes the files.
        page: the page with the curves.
        messages: shows what was saved, or why saving failed.
    """

    saved = Signal(object)
    """A file was written completely; carries its Path."""

    def __init__(self, studio: Studio, page: CurvesPage, messages: MessageBar) -> None:
        super().__init__(page)
        self._studio, self._page, self._messages = studio, page, messages

    def ask_csv(self) -> None:
        """Open a save dialog for a CSV table of all figures of the runs that are shown now."""
        filters = {self.tr("Table (*.csv)"): "csv"}
        self._ask_path(self.tr("Save figures"), filters, partial(self._save_figures, self._runs()))

    def ask_picture(self) -> None:
        """Open a save dialog for a PNG or SVG of the loss curve as it is now."""
        kinds = {self.tr("PNG picture (*.png)"): "png", self.tr("SVG drawing (*.svg)"): "svg"}
        self._ask_path(
            self.tr("Save the loss curve"), kinds, partial(self._save_curve, self._curve())
        )

    def save(self, path: Path) -> None:
        """Save by the extension of ``path``: figures as .csv, else the curve as .svg or .png.

        ``saved`` is emitted when that has succeeded.
        """
        if path.suffix.lower() == ".csv":
            self._save_figures(self._runs(), path)
        else:
            self._save_curve(self._curve(), path)

    def _runs(self) -> list[tuple[str, Path]]:
        runs = [record.run for record in self._page.records]
        return list(zip(self._page.names(), runs, strict=True))

    def _curve(self) -> dict[str, bytes | None]:
        """Return the contents of the loss curve's files by extension; None: there is no curve."""
        loss = self._page.loss
        return {".png": render_loss_plot(loss, "png"), ".svg": render_loss_plot(loss, "svg")}

    def _save_figures(self, runs: list[tuple[str, Path]], path: Path) -> None:
        self._submit(specs.exports.save_metrics_csv(path, runs))

    def _save_curve(self, curve: Mapping[str, bytes | None], path: Path) -> None:
        content = curve.get(path.suffix.lower(), curve[".png"])
        if content is None:
            self._messages.show_info(self.tr("There is no curve to save yet."))
        else:
            self._submit(specs.exports.save_drawing(path, content))

    def _submit(self, spec: JobSpec[Path]) -> None:
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_saved)
        job.on_failed(self._on_failed)

    def _ask_path(
        self, title: str, filters: dict[str, str], callback: Callable[[Path], object]
    ) -> None:
        if self._page.records:
            file_name = f"{self._page.records[0].run.name}.{next(iter(filters.values()))}"
            prompt_save_path(self._page.window(), title, filters, file_name, callback)

    def _on_saved(self, path: Path) -> None:
        show_saved_message(self._messages, path)
        self.saved.emit(path)

    def _on_failed(self, failure: Failure) -> None:
        self._messages.show_failure(failure)
