"""Folder picker: a path field with a button that opens a folder dialog."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_S
from ddpm_studio.gui.widgets.layout.basics import tool_button


class FolderBox(QWidget):
    """Line edit of a folder's path, with a button that opens the dialog to choose it."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("auto"))
        self.line.editingFinished.connect(self.changed)
        self.button = tool_button("folder-open", self.tr("Choose a folder…"))
        self.button.clicked.connect(self._open_dialog)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.button)

    def path(self) -> str | None:
        """Return the path, or None if the field is empty."""
        return self.line.text().strip() or None

    def set_path(self, path: str | None) -> None:
        """Set the path."""
        if path != self.path():
            self.line.setText(path or "")
            self.changed.emit()

    def _open_dialog(self) -> None:
        dialog = QFileDialog(self.window(), self.tr("Choose a folder"), self.line.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(self.set_path)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
