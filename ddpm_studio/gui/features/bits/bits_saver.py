"""Exports of the Bits tab: decoded pictures, and the measured figures as CSV."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from ddpm_studio.backend import specs
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.exporting import Export, ExportMenu
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.save_dialog import prompt_save_path
from ddpm_studio.gui.widgets.layout.saved_message import show_saved_message
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import BitsMeasured, DecodingResult

_FPS = 4
_COLUMNS = ("t", "bits", "rate", "distortion", "x0_mse", "eps_mse")


class BitsSaver(QObject):
    """Export menu of the decoded pictures, with an action ``bits.csv`` for the measured figures.

    Call :meth:`refresh` when they change.

    Args:
        studio: writes the files, in its backend.
        actions: where the actions are registered.
        messages: shows what was saved, or why saving failed.
        measured: returns the measured figures, or None.
        decoded: returns the decoded frames and the index of the current one, or None.
    """

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        messages: MessageBar,
        measured: Callable[[], BitsMeasured | None],
        decoded: Callable[[], tuple[DecodingResult, int] | None],
    ) -> None:
        super().__init__(messages)
        self._studio, self._messages = studio, messages
        self._measured, self._decoded = measured, decoded
        category = self.tr("&Bits")
        self._csv = actions.add(
            "bits.csv",
            self.tr("Save figures as CSV…"),
            self._ask_csv,
            category=category,
            icon="file-text",
            tip=self.tr("Export bits, rate and distortion, a row for each evaluated t"),
            enabled=False,
        )
        self.menu = ExportMenu(
            studio, actions, "bits", category, self._to_export, extra_actions=[self._csv]
        )
        self.menu.set_message_bar(messages)

    def refresh(self) -> None:
        """Update which actions are enabled."""
        self._csv.setEnabled(self._measured() is not None)
        self.menu.refresh()

    def save_csv(self, path: Path) -> None:
        """Save the current figures as CSV, a row for each evaluated t."""
        measured = self._measured()
        if measured is not None:
            self._write_csv(measured, path)

    def _write_csv(self, measured: BitsMeasured, path: Path) -> None:
        columns = (getattr(measured, column) for column in _COLUMNS)
        rows = list(zip(*columns, strict=True))
        job = self._studio.backend.submit(specs.exports.save_table(path, _COLUMNS, rows))
        job.on_finished(self._on_saved)
        job.on_failed(self._on_failed)

    def _to_export(self) -> Export | None:
        found = self._decoded()
        if found is None:
            return None
        decoded, current = found
        pictures = decoded.x0_hat
        return Export(
            pictures,
            recipe=decoded.recipe,
            current=current,
            columns=len(pictures),
            frames=lambda: list(pictures),
            fps=_FPS,
            stem="decoded",
        )

    def _ask_csv(self) -> None:
        """Open the save dialog; the current figures are saved, even if new ones come meanwhile."""
        measured = self._measured()
        if measured is None:
            return
        filters = {self.tr("Table (*.csv)"): "csv"}
        title = self.tr("Save figures")
        callback = partial(self._write_csv, measured)
        prompt_save_path(self.menu.window(), title, filters, "bits.csv", callback)

    def _on_saved(self, path: Path) -> None:
        show_saved_message(self._messages, path)

    def _on_failed(self, failure: Failure) -> None:
        self._messages.show_failure(failure)
