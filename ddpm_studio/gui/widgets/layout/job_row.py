"""Job row: title, progress, remaining time, and buttons to pause and cancel a job."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QWidget

from ddpm_studio.backend import JobHandle, Lane, State
from ddpm_studio.gui.theme.icons import set_icon
from ddpm_studio.gui.theme.tokens import SPACE_M
from ddpm_studio.gui.widgets.layout.basics import (
    ElidedLabel,
    name,
    number_label,
    set_property,
    tool_button,
)
from ddpm_studio.gui.widgets.layout.eta import time_left

_TITLE_WIDTH = 184
_TEXT_WIDTH = 144
_MAX_TITLE_WIDTH = 320
_BAR_WIDTH = 48


class JobRow(QWidget):
    """Row of a job in a list: title, progress bar and buttons, updated until it is dismissed."""

    pause_requested = Signal(bool)
    cancel_requested = Signal()
    dismissed = Signal()

    def __init__(self, job: JobHandle[object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self.title = ElidedLabel(job.spec.title)
        self.title.setMinimumWidth(_TITLE_WIDTH)
        self.title.setMaximumWidth(_MAX_TITLE_WIDTH)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMinimumWidth(_BAR_WIDTH)
        name(self.bar, self.tr("Progress of {job}").format(job=job.spec.title))
        self.text = number_label("", "muted")
        self.text.setMinimumWidth(_TEXT_WIDTH)
        self.failed = ElidedLabel("", "danger")
        self.copy_button = tool_button(
            "copy", self.tr("Copy details"), self.tr("Copy what went wrong, for a report")
        )
        self.copy_button.clicked.connect(self.copy_details)
        self.pause_button = tool_button("pause", self.tr("Pause"))
        self.pause_button.clicked.connect(self._pause)
        self.pause_button.setVisible(job.spec.lane is Lane.BACKGROUND)
        self.cancel_button = tool_button("x", self.tr("Cancel {job}").format(job=job.spec.title))
        self.cancel_button.clicked.connect(self._cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE_M, 0, SPACE_M, 0)
        row.setSpacing(SPACE_M)
        row.addWidget(self.title, 1)
        row.addWidget(self.bar, 1)
        row.addWidget(self.text)
        row.addWidget(self.failed, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.pause_button)
        row.addWidget(self.cancel_button)
        job.changed.connect(self.show_job)
        self.show_job()

    def show_job(self) -> None:
        """Update the row to the state of the job."""
        job = self.job
        paused = job.state is State.PAUSED
        set_property(self.bar, "paused", paused)
        set_icon(self.pause_button, "play" if paused else "pause")
        self.pause_button.setAccessibleName(self.tr("Go on") if paused else self.tr("Pause"))
        self.pause_button.setToolTip(self.pause_button.accessibleName())
        if job.progress is None:
            self.bar.setRange(0, 0)
        else:
            self.bar.setRange(0, max(1, job.progress.total))
            self.bar.setValue(job.progress.done)
        self.text.setText(self._status_text())
        # The cause alone: the remedy is in the message of the failure.
        self.failed.setText("" if job.failure is None else job.failure.cause)
        self.setToolTip("" if job.failure is None else job.failure.line)
        self.bar.setVisible(job.failure is None)
        self.text.setVisible(job.failure is None)
        self.failed.setVisible(job.failure is not None)
        self.copy_button.setVisible(job.failure is not None)
        if job.state.is_over:
            self.bar.setRange(0, 1)
            self.bar.setValue(1 if job.state is State.DONE else 0)
            self.pause_button.hide()
            self.cancel_button.setAccessibleName(self.tr("Dismiss"))
            self.cancel_button.setToolTip(self.tr("Dismiss"))

    def copy_details(self) -> None:
        """Copy the failure with its details to the clipboard."""
        failure = self.job.failure
        if failure is not None:
            parts = (self.job.spec.title, failure.line, failure.details)
            QGuiApplication.clipboard().setText("\n\n".join(part for part in parts if part))

    def _status_text(self) -> str:
        job = self.job
        state_texts = {
            State.WAITING: self.tr("Waiting…"),
            State.PAUSED: self.tr("Paused"),
            State.DONE: self.tr("Done"),
            State.CANCELLED: self.tr("Cancelled"),
        }
        if job.state is State.CANCELLED and job.reports_time_left:
            # A training: its progress is saved, so it is not "Cancelled".
            return self.tr("Stopped")
        if job.state in state_texts:
            return state_texts[job.state]
        if job.progress is None or job.progress.total <= 0:
            return self.tr("Working…")
        percentage = f"{100 * job.progress.done / job.progress.total:.0f} %"
        return " · ".join(part for part in (percentage, time_left(job.seconds_left)) if part)

    def _pause(self) -> None:
        self.pause_requested.emit(self.job.state is not State.PAUSED)

    def _cancel(self) -> None:
        if self.job.state.is_over:
            self.dismissed.emit()
        else:
            self.cancel_requested.emit()
