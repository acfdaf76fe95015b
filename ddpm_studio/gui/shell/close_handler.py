"""Closing of the window: warn of work that would be lost, and save a training first."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobHandle
from ddpm_studio.gui.shell.unsaved import UnsavedProgress
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio

_TOPIC = "closing"
# Number of unfinished jobs that are named; further ones are only counted.
_MAX_NAMED = 3


class CloseHandler(QObject):
    """Decides whether the window may close now; else asks the user or stops the training first.

    Args:
        studio: source of the running jobs.
        messages: shows the question; dismissing it keeps the window open.
        window: the window, closed once the user has confirmed and the training is saved.
    """

    closing_started = Signal()
    """Emitted when a training is being stopped because the window closes."""

    def __init__(self, studio: Studio, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._messages, self._window = studio, messages, window
        self._unsaved = UnsavedProgress(studio, self)
        # The user has confirmed closing despite the loss; a training is being stopped.
        self._confirmed = self._stopping = False
        self._awaited_jobs: set[JobHandle[object]] = set()

    def begin(self) -> bool:
        """Return whether the window may close at once."""
        if self._stopping:
            return self._studio.training is None
        message = "" if self._confirmed else self._loss_message()
        if message:
            self._prompt(message)
            return False
        if self._studio.training is None:
            return True
        self._stop_training()
        return False

    def _loss_message(self) -> str:
        """Return a message on what closing would lose; empty if nothing."""
        parts = []
        if self._unsaved.is_lost_on_close():
            parts.append(
                self.tr(
                    "The disk is full or refuses the run, and there is no room for it "
                    "elsewhere: closing loses the steps since it was last saved."
                )
            )
        if queue := self._studio.trainer.queue:
            names = ", ".join(queued.run.name for queued in queue)
            parts.append(
                self.tr("Closing discards the queued trainings: {names}.").format(names=names)
            )
        jobs = [job for job in self._studio.backend.jobs.values() if job.spec.wanted]
        if jobs:
            titles = ", ".join(job.spec.title for job in jobs[:_MAX_NAMED])
            suffix = f" (+{len(jobs) - _MAX_NAMED:,})" if len(jobs) > _MAX_NAMED else ""
            parts.append(self.tr("Unfinished, and lost if you close: {0}.").format(titles + suffix))
        for job in set(jobs) - self._awaited_jobs:
            self._awaited_jobs.add(job)
            job.ended.connect(self._update_prompt)
        return " ".join(parts)

    def _update_prompt(self) -> None:
        """Update or withdraw the question when a job has ended that closing would have lost."""
        running = self._studio.backend.jobs.values()
        self._awaited_jobs.intersection_update(running)
        if not self._messages.has_topic(_TOPIC):
            return
        self._messages.clear(topic=_TOPIC)
        if message := self._loss_message():
            self._prompt(message)

    def _prompt(self, message: str) -> None:
        self._messages.show_warning(
            message, self.tr("Close all the same"), self._close_anyway, topic=_TOPIC
        )

    def _close_anyway(self) -> None:
        self._confirmed = True
        self._window.close()

    def _stop_training(self) -> None:
        """Stop the training, and close when it has saved its steps."""
        training = self._studio.training
        if training is None:
            return
        self._stopping = True
        self._studio.trainer.dequeue()
        self._messages.show_info(self.tr("Saving the run before closing…"))
        self.closing_started.emit()
        training.ended.connect(self._window.close, Qt.ConnectionType.QueuedConnection)
        self._studio.trainer.stop()
