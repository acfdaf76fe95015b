"""Import dialog: asks for the settings that another program's model files do not have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from ddpm_studio.errors import StudioError
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.forms.form import RequestForm
from ddpm_studio.gui.widgets.layout.basics import button, label
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.requests import ImportRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelDescription

_WIDTH = 420


class ImportDialog(QDialog):
    """Form of the settings that a model's files leave open, filled in with usual values.

    Args:
        path: file or folder of the model.
        description: what was detected in it.
        parent: the window, which keeps running meanwhile.
    """

    chosen = Signal(object)
    """The :class:`ImportRequest`."""

    def __init__(
        self, path: Path, description: ModelDescription, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Open a model"))
        self.setMinimumWidth(_WIDTH)
        template = self.tr(
            "{file} is a model of {program} and does not say the following. Filled in is what is "
            "usual; its model card has what is right."
        )
        explanation = label(template.format(file=path.name, program=description.title), wrap=True)
        self.form = RequestForm(ImportRequest, list(description.defaults))
        self.form.set_value(description.defaults)
        self.problem = label("", "danger", wrap=True)
        self.problem.hide()
        self.open_button = button(
            self.tr("Open"), self.tr("Import the model as a run"), role="primary"
        )
        self.open_button.setDefault(True)
        cancel = button(self.tr("Cancel"), self.tr("Leave the model as it is"))
        cancel.setAutoDefault(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        for widget in (explanation, self.form, self.problem):
            layout.addWidget(widget)
        layout.addLayout(dialog_button_row(cancel, self.open_button))
        self.open_button.clicked.connect(self._on_accept)
        cancel.clicked.connect(self.reject)

    def _on_accept(self) -> None:
        values = self.form.values()
        missing = [key for key in self.form.fields if values[key] is None]
        try:
            request = self.form.value()
        except StudioError as error:
            self._show_problem(str(error))
            return
        if missing:
            self.form.show_error(missing[0], self.tr("must be said"))
            return
        self.chosen.emit(request)
        self.accept()

    def _show_problem(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.show()
