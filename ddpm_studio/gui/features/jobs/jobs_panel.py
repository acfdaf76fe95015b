"""The Jobs dock: the jobs that run, with progress and time left."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QPropertyAnimation, QSize, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QGraphicsOpacityEffect, QHBoxLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, Lane, State
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import IconLabel, label, name
from ddpm_studio.gui.widgets.layout.job_row import JobRow
from ddpm_studio.gui.widgets.layout.scroll_areas import VerticalScrollArea
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

# A job that is over sooner than this gets no row, which would only flicker.
_LISTED_AFTER_SECONDS = 0.4
_FADE_AFTER_SECONDS = 4.0
_SWEEP_MS = 200
_FADE_MS = 400
_MIN_HEIGHT = 36
_MAX_FAILED = 50


class JobsPanel(QWidget):
    """A row for each listed job; the newest failures stay until they are dismissed.

    While the mouse is over the panel no row moves, so that a click hits the job that was aimed at:
    new rows are added below, and removed ones leave a gap.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._backend, self._trainer = studio.backend, studio.trainer
        self.rows: dict[JobHandle[object], JobRow] = {}
        self._since: dict[JobHandle[object], float] = {}
        self._is_hovered = False
        self._hidden_rows: list[JobRow] = []
        actions.add(
            "jobs.cancel_all",
            self.tr("Cancel all jobs"),
            self.cancel_all,
            category=self.tr("&Model"),
            icon="circle-x",
            tip=self.tr(
                "End everything that runs, and empty the queue; a training saves its steps first"
            ),
        )
        self.empty = label(self.tr("Nothing is running."), "muted")
        self.device = label(self.tr("Getting ready…"), "caption")
        name(self.device, self.tr("Device"), self.tr("Where the network computes, and how finely"))
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE_S)
        self._list.addStretch()
        list_widget = QWidget()
        list_widget.setLayout(self._list)
        self._list.setContentsMargins(0, 0, SPACE_M, 0)
        scroll = VerticalScrollArea(list_widget, self.tr("Jobs"))
        scroll.setMinimumHeight(_MIN_HEIGHT)
        chip = QHBoxLayout()
        chip.setSpacing(SPACE_S)
        chip.addWidget(IconLabel("cpu"))
        chip.addWidget(self.device)
        side = QVBoxLayout()
        side.addLayout(chip)
        side.addStretch()
        left = QVBoxLayout()
        left.addWidget(self.empty)
        left.addWidget(scroll, 1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACE_L, SPACE_S, SPACE_L, SPACE_M)
        layout.setSpacing(SPACE_L)
        layout.addLayout(left, 1)
        layout.addLayout(side)
        self._sweeper = QTimer(self, interval=_SWEEP_MS)
        self._sweeper.timeout.connect(self._sweep)
        if self._backend.device is not None:
            self.show_device(self._backend.device)
        self._backend.ready.connect(self.show_device)
        self._backend.load_failed.connect(self._on_load_failed)
        self._backend.started.connect(self._on_started)
        for job in list(self._backend.jobs.values()):
            self._on_started(job)
        self._refresh()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Freeze the positions of the rows."""
        super().enterEvent(event)
        self._is_hovered = True

    def leaveEvent(self, event: QEvent) -> None:
        """Close the gaps and sort the rows."""
        super().leaveEvent(event)
        self._is_hovered = False
        hidden_rows, self._hidden_rows = self._hidden_rows, []
        for row in hidden_rows:
            self._delete_row(row)
        for row in sorted(self.rows.values(), key=lambda row: _rank(row.job.state)):
            self._list.removeWidget(row)
            self._list.insertWidget(self._list.count() - 1, row)
        self._refresh()

    def cancel_all(self) -> None:
        """Cancel all listed jobs, and empty the queue of trainings."""
        self._trainer.dequeue()
        for job in list(self._backend.jobs.values()):
            # Unlisted jobs are short, and some write: no one means to cancel the renaming of a run.
            if job.spec.listed:
                self._backend.cancel(job)

    def sizeHint(self) -> QSize:
        """Ask for room for two jobs."""
        return QSize(480, 72)

    def show_device(self, device: str) -> None:
        """Show the device and the precision in which the network computes."""
        self.device.setText(device)

    def _on_load_failed(self) -> None:
        self.show_device(self.tr("PyTorch can't be loaded"))

    def _on_started(self, job: JobHandle[object]) -> None:
        if not job.spec.listed:
            return
        job.ended.connect(self._on_ended)
        self._since[job] = time.monotonic()
        if job.spec.lane is Lane.BACKGROUND:
            self._add_row(job)
        if not self._sweeper.isActive():
            # Restarted by each job, it would never fire while they come in quick succession.
            self._sweeper.start()

    def _add_row(self, job: JobHandle[object]) -> JobRow:
        row = JobRow(job)
        row.cancel_requested.connect(self._on_cancel)
        row.pause_requested.connect(self._on_pause)
        row.dismissed.connect(self._on_dismissed)
        self.rows[job] = row
        self._place(row)
        self._refresh()
        return row

    def _place(self, row: JobRow) -> None:
        """Insert a row in its order: running, finished, then failed jobs, whose rows may stay."""
        if self._is_hovered:
            if self._list.indexOf(row) < 0:
                self._list.insertWidget(self._list.count() - 1, row)
            return
        others = [other for other in self.rows.values() if other is not row]
        rank = _rank(row.job.state)
        position = sum(_rank(other.job.state) < rank for other in others)
        self._list.insertWidget(position, row)

    def _on_cancel(self) -> None:
        row = self.sender()
        if isinstance(row, JobRow):
            self._backend.cancel(row.job)

    def _on_pause(self, paused: bool) -> None:
        row = self.sender()
        if isinstance(row, JobRow):
            self._backend.pause(row.job, paused)

    def _on_dismissed(self) -> None:
        row = self.sender()
        if isinstance(row, JobRow):
            self._remove(row.job)

    def _on_ended(self) -> None:
        job = self.sender()
        if not isinstance(job, JobHandle):
            return
        self._since.pop(job, None)
        is_listed = job in self.rows
        if job.state is State.FAILED:
            if is_listed:
                self._place(self.rows[job])
            else:
                self._add_row(job)
            failed = [other for other in self.rows if other.state is State.FAILED]
            for other in failed[:-_MAX_FAILED]:
                self._remove(other)
        elif is_listed and job.state is State.CANCELLED and job.spec.lane is Lane.INTERACTIVE:
            # Superseded by a newer request.
            self._remove(job)
        elif is_listed:
            self._since[job] = time.monotonic()
            self._place(self.rows[job])

    def _sweep(self) -> None:
        """Add rows for jobs that take long, and fade out those of jobs that are over."""
        now = time.monotonic()
        for job, since in list(self._since.items()):
            if job not in self.rows:
                if now - since >= _LISTED_AFTER_SECONDS:
                    self._add_row(job)
            elif job.state.is_over and now - since >= _FADE_AFTER_SECONDS:
                del self._since[job]
                self._fade(self.rows[job])
        if not self._since:
            self._sweeper.stop()

    def _fade(self, row: JobRow) -> None:
        effect = QGraphicsOpacityEffect(row)
        row.setGraphicsEffect(effect)
        animation = QPropertyAnimation(effect, b"opacity", row)
        animation.setDuration(_FADE_MS)
        animation.setStartValue(1.0)
        animation.setEndValue(0.0)
        animation.finished.connect(row.dismissed)
        animation.start()

    def _remove(self, job: JobHandle[object]) -> None:
        self._since.pop(job, None)
        row = self.rows.pop(job, None)
        if row is not None and self._is_hovered:
            policy = row.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            row.setSizePolicy(policy)
            row.hide()
            self._hidden_rows.append(row)
        elif row is not None:
            self._delete_row(row)
        self._refresh()

    def _delete_row(self, row: JobRow) -> None:
        self._list.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _refresh(self) -> None:
        self.empty.setVisible(not (self.rows or self._hidden_rows))


def _rank(state: State) -> int:
    if state is State.FAILED:
        return 2
    return 1 if state.is_over else 0
