"""Save dialog, opened without blocking the event loop, that remembers its last folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from ddpm_studio.paths import path_exists


class SaveDialog(QFileDialog):
    """Save dialog that opens in the last folder saved to, initially the pictures folder.

    Args:
        parent: the parent, in the window that the dialog belongs to.
        title: title of the dialog.
        filters: name filters, such as "Table (*.csv)", each with its default suffix; an empty
            suffix: none, as for a folder.
        file_name: the suggested file name.
    """

    last_folder: ClassVar[Path | None] = None

    def __init__(
        self, parent: QWidget | None, title: str, filters: Mapping[str, str], file_name: str
    ) -> None:
        super().__init__(parent, title)
        self.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        self.setNameFilters(list(filters))
        self.setDefaultSuffix(next(iter(filters.values())))
        self.filterSelected.connect(lambda chosen: self.setDefaultSuffix(filters.get(chosen, "")))
        self.setDirectory(str(self.last_folder or _pictures_folder()))
        self.selectFile(file_name)
        self.fileSelected.connect(self._remember)
        self.finished.connect(self.deleteLater)

    def _remember(self, chosen: str) -> None:
        SaveDialog.last_folder = Path(chosen).parent


def prompt_save_path(
    parent: QWidget | None,
    title: str,
    filters: Mapping[str, str],
    file_name: str,
    callback: Callable[[Path], object],
) -> None:
    """Open a :class:`SaveDialog`; ``callback`` is called with the path, if one is chosen."""
    dialog = SaveDialog(parent, title, filters, file_name)

    def on_selected(chosen: str) -> None:
        selected_path = Path(chosen)
        path = _with_suffix(selected_path, list(filters.values()), dialog.defaultSuffix())
        if path != selected_path and path_exists(path):
            # The dialog has not confirmed overwriting the name with the suffix added.
            prompt_save_path(parent, title, filters, path.name, callback)
        else:
            callback(path)

    dialog.fileSelected.connect(on_selected)
    dialog.open()


def _with_suffix(path: Path, suffixes: Sequence[str], default_suffix: str) -> Path:
    """Add the default suffix unless a known one is there; Qt takes any dot for a suffix."""
    has_suffix = any(path.name.lower().endswith(f".{suffix}") for suffix in suffixes)
    # If a folder is one of the kinds, a suffix is optional.
    if has_suffix or not all(suffixes):
        return path
    return path.with_name(f"{path.name}.{default_suffix}")


def _pictures_folder() -> Path:
    location = QStandardPaths.StandardLocation.PicturesLocation
    folder = Path(QStandardPaths.writableLocation(location))
    return folder if folder.is_dir() else Path.home()
