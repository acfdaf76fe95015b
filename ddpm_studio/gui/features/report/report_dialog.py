"""Report dialog: a full or a quick report, with an estimate of the time of each."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QRadioButton, QVBoxLayout, QWidget

from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.basics import button, label, name
from ddpm_studio.gui.widgets.layout.dialog_buttons import dialog_button_row
from ddpm_studio.gui.widgets.layout.eta import format_duration
from ddpm_studio.jobs.reporting.forecast import ReportForecast

_WIDTH = 420


class ReportDialog(QDialog):
    """Dialog that asks whether a report is to be full or quick.

    Args:
        name_: name of the run.
        parent: the window.
    """

    chosen = Signal(bool)
    """Emitted with whether the report is to be a quick one."""

    def __init__(self, name_: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Write a report of {name}").format(name=name_))
        self.setMinimumWidth(_WIDTH)
        self.quick, self.full = QRadioButton(), QRadioButton()
        self.full.setChecked(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_L, SPACE_L, SPACE_L)
        layout.setSpacing(SPACE_M)
        explanation = self.tr("It is made in the background; a training takes turns with it.")
        layout.addWidget(label(explanation, "muted", wrap=True))
        layout.addWidget(self.quick)
        layout.addWidget(self.full)
        self.go_button = button(
            self.tr("Continue"), self.tr("Choose where it is written"), role="primary"
        )
        self.go_button.setDefault(True)
        self.go_button.clicked.connect(self._on_accept)
        cancel = button(self.tr("Cancel"), self.tr("Write nothing"))
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        layout.addLayout(dialog_button_row(cancel, self.go_button))
        self.show_forecast(None)

    def show_forecast(self, forecast: ReportForecast | None) -> None:
        """Show about how long each kind takes; None: not known yet."""
        for choice, title, seconds in (
            (
                self.quick,
                self.tr("Quick: fewer pictures, steps and timesteps"),
                None if forecast is None else forecast.quick,
            ),
            (
                self.full,
                self.tr("Full: as many as the figures need"),
                None if forecast is None else forecast.full,
            ),
        ):
            text = title if seconds is None else f"{title} · {self._duration_text(seconds)}"
            choice.setText(text)
            name(choice, text, self.tr("The report says which of them it is"))

    def _duration_text(self, seconds: float) -> str:
        return self.tr("about {time} here").format(time=format_duration(seconds))

    def _on_accept(self) -> None:
        quick = self.quick.isChecked()
        self.accept()
        self.chosen.emit(quick)
