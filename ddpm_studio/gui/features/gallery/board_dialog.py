"""Board dialog of the gallery: asks for the name of a board."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QDialog, QVBoxLayout, QWidget

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, ignore_unfocused_wheel, label, name
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.jobs.library.gallery_notes import MAX_BOARD_LENGTH, board_name

_WIDTH = 380


class BoardDialog(QDialog):
    """Dialog to enter the name of a board, or to choose an existing one.

    Args:
        title: title of the dialog.
        accept: text of the accept button.
        boards: names of existing boards.
        first: the initial name.
        parent: the window.
    """

    named = Signal(str)
    """The dialog was accepted; carries the name."""

    def __init__(
        self,
        title: str,
        accept: str,
        boards: Sequence[str],
        first: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.setMinimumWidth(_WIDTH)
        self.box = QComboBox()
        self.box.setEditable(True)
        ignore_unfocused_wheel(self.box)
        self.box.addItems(list(boards))
        self.box.setCurrentText(first)
        line_edit = self.box.lineEdit()
        assert line_edit is not None  # It is editable.
        line_edit.setMaxLength(MAX_BOARD_LENGTH)
        line_edit.selectAll()
        field_text = self.tr("Name of the board")
        for part in (self.box, line_edit):
            name(part, field_text, self.tr("A new name makes a new board"))
        caption = label(field_text, "muted")
        caption.setBuddy(self.box)
        self.accept_button = button(accept, title, role="primary")
        self.accept_button.setDefault(True)
        self.accept_button.clicked.connect(self._on_accept)
        cancel = button(self.tr("Cancel"), self.tr("Leave the boards as they are"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        layout.addWidget(caption)
        layout.addWidget(self.box)
        layout.addLayout(dialog_button_row(cancel, self.accept_button))
        self.box.editTextChanged.connect(self._check)
        self._check()

    def _check(self) -> None:
        self.accept_button.setEnabled(self._name() != "")

    def _name(self) -> str:
        try:
            return board_name(self.box.currentText())
        except StudioError:
            return ""

    def _on_accept(self) -> None:
        self.named.emit(self._name())
        self.accept()
