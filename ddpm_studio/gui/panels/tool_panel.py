"""What the tools that draw have in common: live, quiet, one drawing at a time."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import Job
from ddpm_studio.backend.task import Task
from ddpm_studio.errors import Failure
from ddpm_studio.gui.actions import ActionRegistry
from ddpm_studio.gui.studio import Studio
from ddpm_studio.gui.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.empty_state import EmptyState
from ddpm_studio.gui.widgets.message_bar import MessageBar
from ddpm_studio.jobs.events import Event

_DEBOUNCE_MS = 150


class ToolPanel(QWidget):
    """A tab that draws as soon as it is looked at, and again when something changes.

    A subclass puts its widgets into ``content``, implements :meth:`_task`, :meth:`_on_event` and
    :meth:`_on_finished`, and calls :meth:`draw_later`.

    Args:
        studio: the window's model.
        actions: where actions are registered.
        icon: shown while there is no model.
        parent: the owner.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, icon: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.studio = studio
        self.actions_ = actions
        self.job: Job | None = None
        self._stale = True
        self._drawn_run: object = None
        self._delay = QTimer(self)
        self._delay.setSingleShot(True)
        self._delay.setInterval(_DEBOUNCE_MS)
        self._delay.timeout.connect(self.draw_now)
        self.messages = MessageBar()
        self.progress = _thin_progress(self.tr("Drawing"))
        body = QWidget()
        self.content = QVBoxLayout(body)
        self.content.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        self.content.setSpacing(SPACE_M)
        self.content.addWidget(self.messages)
        self.empty = EmptyState(
            icon,
            self.tr("Train or open a model first"),
            self.tr("Open a model…"),
            self._open_model,
        )
        self.pages = QStackedLayout(self)
        self.pages.addWidget(self.empty)
        self.pages.addWidget(body)
        studio.run_changed.connect(self._on_run)
        studio.training_changed.connect(self._on_run)

    def draw_later(self) -> None:
        """Draw when nothing has changed for a moment, at the latest when the tab is seen."""
        self._stale = True
        if self.isVisible() and self.studio.can_draw:
            self._delay.start()

    def draw_now(self) -> None:
        """Draw; a drawing under way gives way."""
        self._delay.stop()
        if not self.studio.can_draw or self.studio.run is None:
            return
        task = self._task()
        if task is None:
            return
        self._stale = False
        self.messages.dismiss()
        self.job = self.studio.submit(task)
        self.job.emitted.connect(self._on_event)
        self.job.changed.connect(self._show_progress)
        self.job.finished.connect(self._on_finished)
        self.job.failed.connect(self._on_failed)
        self._show_progress()

    @property
    def busy(self) -> bool:
        """Whether something is being drawn, or about to be."""
        under_way = self.job is not None and not self.job.state.over
        return under_way or self._delay.isActive()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what has been asked for while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self.draw_later()

    def hideEvent(self, event: QHideEvent) -> None:
        """Begin nothing while nobody looks."""
        super().hideEvent(event)
        self._delay.stop()

    def _task(self) -> Task | None:
        """Return what to draw now, or None while something is missing."""
        raise NotImplementedError

    def _on_event(self, event: Event) -> None:
        """Show what the drawing tells."""
        raise NotImplementedError

    def _on_finished(self, result: object) -> None:
        """Show the result."""
        raise NotImplementedError

    def _on_model(self) -> None:
        """Follow another model: its T, its size."""
        raise NotImplementedError

    def _on_run(self) -> None:
        can = self.studio.can_draw
        self.pages.setCurrentIndex(1 if can else 0)
        if can and self.studio.run != self._drawn_run:
            self._drawn_run = self.studio.run
            self._on_model()
            self.draw_later()

    def _on_failed(self, failure: Failure) -> None:
        self.messages.show_failure(failure)

    def _show_progress(self) -> None:
        job = self.job
        under_way = job is not None and not job.state.over
        told = job.progress if job is not None and under_way else None
        self.progress.setRange(0, told.total if told else 1)
        self.progress.setValue(told.done if told else 0)
        self.progress.setVisible(under_way)

    def _open_model(self) -> None:
        if "file.open_model" in self.actions_:
            self.actions_["file.open_model"].trigger()


def _thin_progress(title: str) -> QProgressBar:
    bar = QProgressBar()
    bar.setTextVisible(False)
    bar.setAccessibleName(title)
    bar.setMaximumHeight(3)
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    policy.setRetainSizeWhenHidden(True)
    bar.setSizePolicy(policy)
    bar.hide()
    return bar
