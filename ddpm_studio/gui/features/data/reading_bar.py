"""Progress of reading a data set, with buttons to cancel it and to read again."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, State
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.basics import (
    ElidedLabel,
    button,
    name,
    tool_button,
    use_tabular_figures,
)


class ReadingBar(QWidget):
    """Progress bar of reading, visible while a data set is read and after a cancellation."""

    cancel_requested = Signal()
    again_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = ElidedLabel("", "caption")
        use_tabular_figures(self.text)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        name(self.bar, self.tr("Progress of reading"))
        self.cancel_button = tool_button("x", self.tr("Stop reading"))
        self.cancel_button.clicked.connect(self.cancel_requested)
        self.again_button = button(
            self.tr("Read again"), self.tr("Read all pictures after all"), role="link"
        )
        self.again_button.clicked.connect(self.again_requested)
        row = QHBoxLayout()
        row.setSpacing(SPACE_M)
        row.addWidget(self.text, 1)
        row.addWidget(self.again_button)
        row.addWidget(self.cancel_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACE_S)
        layout.addLayout(row)
        layout.addWidget(self.bar)
        self.hide()

    def show_job(self, job: JobHandle[object] | None, waiting: str = "") -> None:
        """Show the progress of the job; hidden for one that is done or has failed.

        ``waiting`` is the text until the job reports progress.
        """
        cancelled = job is not None and job.state is State.CANCELLED
        under_way = job is not None and not job.state.is_over
        self.setVisible(cancelled or under_way)
        self.bar.setVisible(under_way)
        self.cancel_button.setVisible(under_way)
        self.again_button.setVisible(cancelled)
        if cancelled:
            self.text.setText(self.tr("Reading was stopped."))
        elif job is None or job.progress is None:
            self.bar.setRange(0, 0)
            self.text.setText(waiting)
        else:
            progress = job.progress
            self.bar.setRange(0, max(1, progress.total))
            self.bar.setValue(progress.done)
            count_text = f" · {progress.done:,} / {progress.total:,}" if progress.total > 1 else ""
            self.text.setText(f"{progress.text}{count_text}")
