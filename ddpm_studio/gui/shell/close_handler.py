"""Closing of the window: warn of work that would be lost, and save a training first."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobHandle
from ddpm_studio.gui.shell.unsaved import Unsaved
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio

_TOPIC = "closing"
# Number of unfinished jobs that are named; further ones are only counted.
_MOST_NAMED = 3


class Closing(QObject):
    """Decides whether the window may close now; else asks the user or stops the training first.

    Args:
        studio: source of the running jobs.
        messages: shows the question; dismissing it keeps the window open.
        window: the window, closed once the user has confirmed and the training is saved.
    """

    begun = Signal()
    """Emitted when a training is being stopped because the window closes."""

    def __init__(self, studio: Studio, messages: MessageBar, window: QWidget) -> None:
        super().__init__(window)
        self._studio, self._messages, self._window = studio, messages, window
        self._unsaved = Unsaved(studio, self)
        # The user has confirmed closing despite the loss; a training is being stopped.
        self._agreed = self._stopping = False
        self._awaited: set[JobHandle[object]] = set()

    def begin(self) -> bool:
        """Return whether the window may close at once."""
        if self._stopping:
            return self._studio.training is None
        lost = "" if self._agreed else self._lost()
        if lost:
            self._ask(lost)
            return False
        if self._studio.training is None:
            return True
        self._stop_first()
        return False

    def _lost(self) -> str:
        """Return a message on what closing would lose; empty if nothing."""
        told = []
        if self._unsaved.lost_by_closing():
            told.append(
                self.tr(
                    "The disk is full or refuses the run, and there is no room for it "
                    "elsewhere: closing loses the steps since it was last saved."
                )
            )
        if queue := self._studio.trainer.queue:
            names = ", ".join(queued.run.name for queued in queue)
            told.append(
                self.tr("Closing discards the queued trainings: {names}.").format(names=names)
            )
        jobs = [job for job in self._studio.backend.jobs.values() if job.spec.wanted]
        if jobs:
            named = ", ".join(job.spec.title for job in jobs[:_MOST_NAMED])
            more = f" (+{len(jobs) - _MOST_NAMED:,})" if len(jobs) > _MOST_NAMED else ""
            told.append(self.tr("Unfinished, and lost if you close: {0}.").format(named + more))
        for job in set(jobs) - self._awaited:
            self._awaited.add(job)
            job.ended.connect(self._ask_again)
        return " ".join(told)

    def _ask_again(self) -> None:
        """Update or withdraw the question when a job has ended that closing would have lost."""
        running = self._studio.backend.jobs.values()
        self._awaited.intersection_update(running)
        if not self._messages.tells_of(_TOPIC):
            return
        self._messages.clear(topic=_TOPIC)
        if lost := self._lost():
            self._ask(lost)

    def _ask(self, lost: str) -> None:
        self._messages.show_warning(
            lost, self.tr("Close all the same"), self._close_all_the_same, topic=_TOPIC
        )

    def _close_all_the_same(self) -> None:
        self._agreed = True
        self._window.close()

    def _stop_first(self) -> None:
        """Stop the training, and close when it has saved its steps."""
        training = self._studio.training
        if training is None:
            return
        self._stopping = True
        self._studio.trainer.dequeue()
        self._messages.show_info(self.tr("Saving the run before closing…"))
        self.begun.emit()
        training.ended.connect(self._window.close, Qt.ConnectionType.QueuedConnection)
        self._studio.trainer.stop()
