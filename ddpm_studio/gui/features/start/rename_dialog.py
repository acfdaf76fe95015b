"""Rename dialog of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label, name, set_property
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row

_WIDTH = 380


class RenameDialog(QDialog):
    """Dialog for a run's new name, which is validated while it is typed.

    Args:
        run: the run's folder.
        renamed_path: returns the run's path under another name, or raises a StudioError.
        parent: the window, which keeps running meanwhile.
    """

    chosen = Signal(str)
    """The new name."""

    def __init__(
        self, run: Path, renamed_path: Callable[[str], Path], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._run, self._renamed_path = run, renamed_path
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Rename the run"))
        self.setMinimumWidth(_WIDTH)
        self.edit = QLineEdit(run.name)
        name(self.edit, self.tr("Run name"), self.tr("The run's folder is called the same"))
        self.edit.selectAll()
        caption = label(self.tr("Run name"), "muted")
        caption.setBuddy(self.edit)
        self.problem = label("", "danger", wrap=True)
        self.rename_button = button(
            self.tr("Rename"), self.tr("Give the run this name"), role="primary"
        )
        self.rename_button.setDefault(True)
        cancel = button(self.tr("Cancel"), self.tr("Leave the name as it is"))
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        for widget in (caption, self.edit, self.problem):
            layout.addWidget(widget)
        layout.addLayout(dialog_button_row(cancel, self.rename_button))
        self.edit.textChanged.connect(self._check)
        self.rename_button.clicked.connect(self._on_accept)
        cancel.clicked.connect(self.reject)
        self._check()

    def _check(self) -> None:
        try:
            new = self._renamed_path(self.edit.text())
        except StudioError as error:
            problem = str(error)
        except OSError as error:
            problem = error.strerror or str(error)
        else:
            problem = ""
        is_unchanged = not problem and new.name == self._run.name
        self.problem.setText(problem)
        set_property(self.edit, "invalid", bool(problem))
        self.rename_button.setEnabled(not problem and not is_unchanged)
        if self.isVisible():
            # The message about a long name takes more lines than there was room for.
            width = self.width()
            self.resize(width, max(self.height(), self.heightForWidth(width)))

    def _on_accept(self) -> None:
        self.chosen.emit(self.edit.text().strip())
        self.accept()
