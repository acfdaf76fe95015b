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
    then: Callable[[Path], object],
) -> None:
    """Open a :class:`SaveDialog`; ``then`` is called with the path, if one is chosen."""
    dialog = SaveDialog(parent, title, filters, file_name)

    def on_selected(chosen: str) -> None:
        typed = Path(chosen)
        path = _with_suffix(typed, list(filters.values()), dialog.defaultSuffix())
        if path != typed and path_exists(path):
            # The dialog has not confirmed overwriting the name with the suffix added.
            prompt_save_path(parent, title, filters, path.name, then)
        else:
            then(path)

    dialog.fileSelected.connect(on_selected)
    dialog.open()


def _with_suffix(path: Path, suffixes: Sequence[str], default_suffix: str) -> Path:
    """Add the default suffix unless a known one is there; Qt takes any dot for a suffix."""
    known = any(path.name.lower().endswith(f".{ending}") for ending in suffixes)
    # If a folder is one of the kinds, a suffix is optional.
    if known or not all(suffixes):
        return path
    return path.with_name(f"{path.name}.{default_suffix}")


def _pictures_folder() -> Path:
    place = QStandardPaths.StandardLocation.PicturesLocation
    folder = Path(QStandardPaths.writableLocation(place))
    return folder if folder.is_dir() else Path.home()
