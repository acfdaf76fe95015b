"""Run name and folder of the next training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from ddpm_studio import paths
from ddpm_studio.errors import StudioError
from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import label, name, set_property, tool_button
from ddpm_studio.runs.naming import reserved, run_path, sanitize_name, taken


class RunChoice(QWidget):
    """Name of the next run, suggested until the person types another, and folder of runs.

    Args:
        is_reserved: returns whether a folder, which may not exist yet, is reserved for a training.
        parent: the owner.
    """

    def __init__(
        self, is_reserved: Callable[[Path], bool] | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._is_reserved = is_reserved or (lambda _path: False)
        self._edited = False
        self._stem = ""
        self.folder = paths.runs_dir()
        self.name_edit = QLineEdit()
        name(self.name_edit, self.tr("Run name"), self.tr("Name of the new run's folder"))
        self.name_edit.textEdited.connect(self._on_edited)
        self.folder_button = tool_button("folder-open", self.tr("Folder of runs…"))
        self.folder_button.clicked.connect(self._choose_folder)
        row = QHBoxLayout()
        row.setSpacing(SPACE_S)
        caption = label(self.tr("Run name"), "muted")
        caption.setBuddy(self.name_edit)
        row.addWidget(caption)
        row.addWidget(self.name_edit, 1)
        row.addWidget(self.folder_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        self._show_folder()

    def suggest(self, stem: str) -> None:
        """Suggest a name that no run has yet, unless the person has typed one."""
        self._stem = stem
        if self._edited:
            return
        stem = sanitize_name(stem)
        number = 1
        while self._is_taken(self.folder / _numbered(stem, number)):
            number += 1
        self.name_edit.setText(_numbered(stem, number))
        self._check()

    def path(self) -> Path:
        """Return the folder of the new run.

        Raises:
            StudioError: the name is invalid, taken or reserved, or the folder can't be read.
        """
        path = run_path(self.folder, self.name_edit.text())
        try:
            is_empty = path.is_dir() and not any(path.iterdir())
        except OSError as error:
            raise StudioError(
                f"{path.name} can't be the folder of a run: {error.strerror}.", "Choose another."
            ) from error
        if paths.path_exists(path) and not is_empty:
            raise taken(path.name)
        if self._is_reserved(path):
            raise reserved(path.name)
        return path

    def _is_taken(self, path: Path) -> bool:
        return self._is_reserved(path) or paths.path_exists(path)

    def mark_taken(self, run: Path | None = None) -> None:
        """Suggest another name, as this one has been used.

        Args:
            run: the run that has begun; if it is not the one named here, a name that the person has
                typed stays. None: the one named here.
        """
        if run in (None, self.folder / self.name_edit.text().strip()):
            self._edited = False
        self.suggest(self._stem)

    def set_folder(self, folder: Path) -> None:
        """Set the folder of new runs, and suggest a name that is free there."""
        self.folder = folder
        self._show_folder()
        self.suggest(self._stem)

    def _on_edited(self, text: str) -> None:
        self._edited = bool(text.strip())
        self._check()

    def _check(self) -> None:
        try:
            path = self.path()
        except StudioError as error:
            set_property(self.name_edit, "invalid", True)
            self.name_edit.setToolTip(str(error))
        else:
            set_property(self.name_edit, "invalid", False)
            self.name_edit.setToolTip(str(path))

    def _show_folder(self) -> None:
        self.folder_button.setToolTip(
            self.tr("New runs go into {folder}").format(folder=self.folder)
        )

    def _choose_folder(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Folder of runs"), str(self.folder))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self._on_folder)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_folder(self, chosen: str) -> None:
        self.set_folder(Path(chosen))


def _numbered(stem: str, number: int) -> str:
    return stem if number == 1 else f"{stem} {number}"
