"""Save dialog: asks where to write a file, without holding the window up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from ddpm_studio.paths import is_there


class SaveDialog(QFileDialog):
    """Opens where the last file was saved to, at first in the folder of pictures.

    Args:
        parent: over whose window it lies.
        title: what is saved.
        filters: the kinds of files, such as "Table (*.csv)", each with the ending that a name
            without one gets; empty: none, as a folder has.
        file_name: to begin with.
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


def ask_where(
    parent: QWidget | None,
    title: str,
    filters: Mapping[str, str],
    file_name: str,
    then: Callable[[Path], object],
) -> None:
    """Open a :class:`SaveDialog`; ``then`` takes the path, if one is chosen."""
    dialog = SaveDialog(parent, title, filters, file_name)

    def take(chosen: str) -> None:
        typed = Path(chosen)
        path = _with_ending(typed, list(filters.values()), dialog.defaultSuffix())
        if path != typed and is_there(path):
            # Nobody was asked whether that one may be written over.
            ask_where(parent, title, filters, path.name, then)
        else:
            then(path)

    dialog.fileSelected.connect(take)
    dialog.open()


def _with_ending(path: Path, endings: Sequence[str], usual: str) -> Path:
    """Return a path that ends as one of the kinds of files; Qt takes any dot for an ending."""
    known = any(path.name.lower().endswith(f".{ending}") for ending in endings)
    # Where a folder is one of the kinds, no ending is missing.
    if known or not all(endings):
        return path
    return path.with_name(f"{path.name}.{usual}")


def _pictures_folder() -> Path:
    place = QStandardPaths.StandardLocation.PicturesLocation
    folder = Path(QStandardPaths.writableLocation(place))
    return folder if folder.is_dir() else Path.home()
