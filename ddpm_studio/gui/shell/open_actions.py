"""Open actions of the File menu, with their file dialogs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QWidget

from ddpm_studio.export.lesson import LESSON_SUFFIX
from ddpm_studio.gui.features.start.import_dialog import ImportDialog
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.opening import is_model
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.paths import path_exists

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelDescription


class OpenActions(QObject):
    """Registers the open actions; their file dialogs do not block the event loop.

    Args:
        studio: opens the chosen paths.
        actions: where the actions are registered.
        window: owner of the dialogs.
    """

    def __init__(self, studio: Studio, actions: ActionRegistry, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._window = studio, window
        actions.add(
            "file.open_folder",
            self.tr("Open folder…"),
            self.choose_folder,
            category=self.tr("&File"),
            shortcut="Ctrl+O",
            icon="folder-open",
            tip=self.tr("Open a folder of pictures, or a run"),
        )
        actions.add(
            "file.open_files",
            self.tr("Open files…"),
            self.choose_files,
            category=self.tr("&File"),
            shortcut="Ctrl+Shift+O",
            icon="file-image",
            tip=self.tr("Open pictures, a zip, an array, or another program's checkpoint"),
        )
        actions.add(
            "file.open_model",
            self.tr("Open a model…"),
            self.choose_model,
            category=self.tr("&File"),
            shortcut="Ctrl+M",
            icon="layers",
            tip=self.tr("Open the folder of a run, or a model of diffusers"),
        )

        self._show_run = actions.add(
            "file.show_run",
            self.tr("Show the folder of this run"),
            self.show_run,
            category=self.tr("&File"),
            icon="folder-open",
            tip=self.tr("In the file manager, where a run can be copied"),
            enabled=False,
        )
        studio.run_changed.connect(self._on_run)
        studio.importer.settings_required.connect(self._prompt_settings)

    def show_run(self) -> None:
        """Show the folder of the open run in the file manager."""
        if self._studio.run is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._studio.run)))

    def drop_text(self, paths: Sequence[Path]) -> str:
        """Return the text that tells what dropping these paths would open."""
        if len(paths) > 1:
            return self.tr("Open {n} files or folders as pictures").format(n=len(paths))
        path = paths[0]
        if is_model(path):
            return self.tr("Open the model {name}").format(name=path.name)
        if path_exists(path) and path.is_dir():
            return self.tr("Open the pictures in {name}").format(name=path.name)
        if path.suffix.lower() == LESSON_SUFFIX:
            return self.tr("Open the lesson {name}").format(name=path.stem)
        return self.tr("Open {name}").format(name=path.name)

    def choose_folder(self) -> None:
        """Open the dialog to choose a folder."""
        dialog = QFileDialog(self._window, self.tr("Open folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open_dialog(dialog)

    def choose_files(self) -> None:
        """Open the dialog to choose files."""
        dialog = QFileDialog(self._window, self.tr("Open files"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        self._open_dialog(dialog)

    def choose_model(self) -> None:
        """Open the dialog to choose a run or a diffusers folder; it starts in the runs folder."""
        dialog = QFileDialog(self._window, self.tr("Open a model"), str(self._studio.runs_folder))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        self._open_dialog(dialog, self._open_model)

    def _prompt_settings(self, path: Path, inspected: ModelDescription) -> None:
        """Ask for the settings that a model's files lack, then import it."""
        dialog = ImportDialog(path, inspected, self._window)
        dialog.chosen.connect(partial(self._studio.importer.read, path))
        dialog.open()

    def _on_run(self) -> None:
        self._show_run.setEnabled(self._studio.run is not None)

    def _open_dialog(
        self, dialog: QFileDialog, callback: Callable[[Iterable[str]], None] | None = None
    ) -> None:
        dialog.filesSelected.connect(callback or self._open)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _open(self, paths: Iterable[str]) -> None:
        self._studio.open_paths([Path(path) for path in paths])

    def _open_model(self, paths: Iterable[str]) -> None:
        for path in paths:
            self._studio.open_model(Path(path))
