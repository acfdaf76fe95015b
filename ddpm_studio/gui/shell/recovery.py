"""Crash recovery: offers to resume unfinished trainings, and reports ended ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from ddpm_studio.backend import JobHandle, State, specs
from ddpm_studio.gui.features.common.counts import step_count
from ddpm_studio.gui.widgets.layout.message_bar import Level, MessageBar
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.events import Event, RunStarted
from ddpm_studio.runs import journal
from ddpm_studio.runs.journal import JournalEntry

_TOPIC = "unfinished"


class Recovery(QObject):
    """Offers to resume a training that was not finished.

    At start-up, these are trainings whose process died or whose window was closed, one after the
    other as each offer is dismissed; later, a training that the user has stopped, perhaps by
    mistake. If another run is open by then, it stays open, and only the end of the training is
    reported.

    Args:
        studio: resumes the training.
        messages: shows the offer; if dismissed, the run is not offered again.
        devices: returns the devices chosen for trainings, as fields of a
            :class:`~ddpm_studio.requests.TrainRequest`; those of a run may be another machine's.
        parent: the owner.
    """

    def __init__(
        self,
        studio: Studio,
        messages: MessageBar,
        devices: Callable[[], dict[str, Any]],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._studio, self._messages, self._devices = studio, messages, devices
        self._offered: JournalEntry | None = None
        # Runs whose offer was dismissed, even if they can't be removed from the journal.
        self._dismissed: set[Path] = set()
        self._offer_text = ""
        self._level: Level = "info"
        self._job: JobHandle[object] | None = None
        self._started: RunStarted | None = None
        self._closing = False
        messages.dismissed.connect(self._on_dismissed)
        studio.training_changed.connect(self._on_training_changed)
        studio.run_moved.connect(self._on_run_moved)
        studio.trained_elsewhere.connect(self._on_trained_elsewhere)
        self._find_interrupted()

    def on_window_closing(self) -> None:
        """Note that the window closes: a training stopped by that is offered at the next start."""
        self._closing = True

    def _find_interrupted(self) -> None:
        found = self._studio.backend.submit(specs.training.interrupted())
        found.on_finished(self._on_interrupted)

    def _on_interrupted(self, found: list[JournalEntry]) -> None:
        left = next((entry for entry in found if entry.run not in self._dismissed), None)
        if left is not None and self._studio.training is None:
            text = self.tr("The training of {name} is not finished. What it has learnt is saved.")
            self._offer(left, text.format(name=left.run.name), "warning")

    def _offer(self, entry: JournalEntry, text: str, level: Level) -> None:
        self._offered, self._offer_text, self._level = entry, text, level
        self._messages.show_message(
            text, level, action=self.tr("Go on"), callback=self._resume_offered, topic=_TOPIC
        )

    def _on_training_changed(self) -> None:
        job = self._studio.training
        if job is None or job is self._job:
            return
        self._job, self._started = job, None
        self._messages.clear(topic=_TOPIC)
        job.on_event(self._on_event)
        job.ended.connect(self._on_ended)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._started = event

    def _on_ended(self) -> None:
        job, started = self._job, self._started
        self._job = self._started = None
        if job is None or started is None or job.state is not State.CANCELLED:
            return
        view = self._studio.run_view
        if view is not None and view.summary.path == started.run and not view.trainable:
            return
        entry = JournalEntry(started.run, started.total)
        if self._closing:
            journal.begin(entry.run, entry.steps)
            return
        if self._studio.run != started.run:
            # Reported by ``trained_elsewhere`` already.
            return
        text = self.tr("The training of {name} was stopped before its {total}. It is saved.")
        # The user has stopped it: an info, which disappears by itself, not a warning.
        self._offer(entry, text.format(name=entry.run.name, total=step_count(entry.steps)), "info")

    def _on_trained_elsewhere(self, run: Path) -> None:
        template = self.tr("The training of {0} has ended.")
        if self._job is not None and self._job.state is State.CANCELLED:
            template = self.tr("The training of {0} was stopped. What it has learnt is saved.")
        self._messages.show_message(
            template.format(run.name),
            action=self.tr("Open it"),
            callback=lambda: self._studio.open_run(run),
            topic="trained",
        )

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        """Withdraw the offer if its run was moved or deleted."""
        if (
            self._offered is not None
            and old is not None
            and self._offered_run().resolve() == old.resolve()
        ):
            self._messages.clear(topic=_TOPIC)

    def _resume_offered(self) -> None:
        # No slot, as the studio refreshes the run at the same time: neither may cancel the other.
        view = self._studio.backend.submit(specs.runs.open_run(self._offered_run(), slot=None))
        view.on_finished(self._resume)
        view.on_failed(self._studio.notify)

    def _resume(self, view: specs.runs.RunView) -> None:
        if self._offered is not None and view.request is not None:
            update = {**self._devices(), "steps": self._offered.steps}
            self._studio.trainer.resume(self._offered_run(), view.request.model_copy(update=update))

    def _on_dismissed(self, text: str) -> None:
        # The message dismissed may be another one by now.
        if text == self._offer_text:
            self._dismissed.add(self._offered_run())
            self._studio.backend.submit(specs.training.dismiss_interrupted(self._offered_run()))
            if self._level == "warning":
                # Offer the next one from before the start; one stopped just now prompts no further.
                self._find_interrupted()

    def _offered_run(self) -> Path:
        assert self._offered is not None
        return self._offered.run
