"""Fallback folder of a run whose own can't be written to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import SavingFailed

_TOPIC = "saving"


class SavingElsewhere(QObject):
    """Offers another folder while a checkpoint can't be saved.

    Args:
        studio: its training goes on in the other folder.
        actions: where the action is registered.
        messages: where the warning is shown.
        panel: the owner; its window has the dialog.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, messages: MessageBar, panel: QWidget
    ) -> None:
        super().__init__(panel)
        self._studio, self._messages, self._panel = studio, messages, panel
        self._warning = ""
        self._action = actions.add(
            "training.save_elsewhere",
            self.tr("Save elsewhere…"),
            self.choose_folder,
            category=self.tr("&Model"),
            icon="folder-plus",
            tip=self.tr("Continue in another folder, as the run's own can't be written to"),
        )
        self._action.setEnabled(False)

    def on_saving_failed(self, event: SavingFailed) -> None:
        """Warn of the checkpoint that could not be saved, and enable the action."""
        self._action.setEnabled(True)
        self._warning = event.text
        self._show_warning()

    def show_again(self) -> None:
        """Show the warning again, above newer messages, while saving fails."""
        if self._action.isEnabled():
            self._show_warning()

    def on_saved(self) -> None:
        """Disable the action and clear the warning, as a checkpoint has been saved."""
        self.disable()
        self._messages.clear(topic=_TOPIC)

    def disable(self) -> None:
        """Disable the action; the warning stays."""
        self._action.setEnabled(False)

    def choose_folder(self) -> None:
        """Ask for the folder in which the run goes on."""
        dialog = QFileDialog(self._panel.window(), self.tr("Save the run elsewhere"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.filesSelected.connect(self._save)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _save(self, chosen: list[str]) -> None:
        self._studio.trainer.save_elsewhere(Path(chosen[0]))

    def _show_warning(self) -> None:
        self._messages.show_warning(
            self._warning, self._action.text(), self._action.trigger, topic=_TOPIC
        )
