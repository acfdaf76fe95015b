"""File dialog to open a picture."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from ddpm_studio.gui.platform.images import SUFFIXES


def open_picture_dialog(parent: QWidget, callback: Callable[[str], object]) -> None:
    """Open the file dialog of ``parent``'s window; ``callback`` is called with the path chosen."""
    translate = QCoreApplication.translate
    dialog = QFileDialog(parent.window(), translate("PictureDialog", "Choose a picture"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    patterns = " ".join(f"*{suffix}" for suffix in sorted(SUFFIXES))
    dialog.setNameFilter(translate("PictureDialog", "Pictures ({0})").format(patterns))
    dialog.fileSelected.connect(callback)
    dialog.open()
