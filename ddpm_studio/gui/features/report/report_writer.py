"""Report action of the open run: asks for kind and file, writes, and shows the outcome."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import specs
from ddpm_studio.gui.features.report.report_dialog import ReportDialog
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.requests import ReportRequest

_ACTION = "run.report"
_TOPIC = "report"


class ReportWriter(QObject):
    """Report action: enabled where there is a model; a background job writes the report.

    Args:
        studio: has the open run that is reported on.
        actions: where the action is registered.
        messages: shows that the report is written, with a button that opens it, or why not.
        window: owner of the dialog.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, messages: MessageBar, window: QWidget
    ) -> None:
        super().__init__(window)
        self._studio, self._messages, self._window = studio, messages, window
        self._set_available = actions.set_available
        actions.add(
            _ACTION,
            self.tr("Write a report…"),
            self.open_dialog,
            category=self.tr("&Model"),
            icon="book-open",
            keywords=self.tr("paper figures tables html document summary"),
            enabled=False,
        )
        studio.run_changed.connect(self._refresh)
        studio.training_changed.connect(self._refresh)
        self._refresh()

    def open_dialog(self) -> None:
        """Ask for the kind of report and its file, then write it."""
        run = self._studio.run
        if run is None:
            return
        dialog = ReportDialog(run.name, self._window)
        dialog.chosen.connect(partial(self._ask_path, run))
        job = self._studio.backend.submit(specs.reports.forecast(run))
        # The dialog may be closed before: its slot is then disconnected.
        job.finished.connect(dialog.show_forecast)
        dialog.open()

    def _ask_path(self, run: Path, quick: bool) -> None:
        filters = {self.tr("Web page (*.html)"): "html"}
        title, file_name = self.tr("Write a report"), f"{run.name} report.html"
        prompt_save_path(
            self._window, title, filters, file_name, lambda path: self.write(run, path, quick)
        )

    def write(self, run: Path, path: Path, quick: bool = False) -> None:
        """Submit the job that writes the report of a run; the Jobs dock shows and cancels it."""
        view = self._studio.run_view
        # A model that comes without pictures is measured against those that are open.
        known = view is not None and bool(view.sources or view.summary.title)
        sources = () if known else self._studio.sources
        spec = specs.reports.report(ReportRequest(run=run, quick=quick), sources, path)
        job = self._studio.backend.submit(spec)
        job.on_finished(self._on_written)
        job.on_failed(self._messages.show_failure)
        message = self.tr("The report of {0} is being made; the Jobs dock shows how far it is.")
        self._messages.show_message(message.format(run.name), topic=_TOPIC)

    def _on_written(self, path: Path) -> None:
        self._messages.show_message(
            self.tr("The report is written: {0}").format(path),
            action=self.tr("Open it"),
            callback=partial(QDesktopServices.openUrl, QUrl.fromLocalFile(str(path))),
            topic=_TOPIC,
        )

    def _refresh(self) -> None:
        tip = self.tr(
            "The paper’s figures and tables of this model, on your pictures, as one HTML file"
        )
        why_not = "" if self._studio.can_draw else self.tr("Train or open a model first")
        self._set_available(_ACTION, tip, why_not)
