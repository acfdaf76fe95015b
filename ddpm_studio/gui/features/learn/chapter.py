"""Base class of the chapters that need no model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from ddpm_studio.backend import JobSpec
from ddpm_studio.gui.theme.tokens import SPACE_L, SPACE_M
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio

Result = TypeVar("Result")


class Chapter(QWidget):
    """A chapter that is filled when first shown, with the results of jobs of the backend.

    A subclass puts its widgets into ``content`` and implements :meth:`begin`.

    Args:
        studio: the window's model.
        actions: where actions are registered; most chapters have none of their own.
        parent: the owner.
    """

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.studio = studio
        self._has_started = False
        self.messages = MessageBar()
        self.messages.attach_to(self)
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(SPACE_L, SPACE_M, SPACE_L, SPACE_M)
        self.content.setSpacing(SPACE_M)

    def begin(self) -> None:
        """Submit the jobs for the initial contents; called once, when first shown."""
        raise NotImplementedError

    def submit_job(self, spec: JobSpec[Result], callback: Callable[[Result], object]) -> None:
        """Submit a job, pass its result to ``callback``, and show a failure in the message bar."""
        job = self.studio.backend.submit(spec)
        job.on_finished(callback)
        job.on_failed(self.messages.show_failure)

    def showEvent(self, event: QShowEvent) -> None:
        """Call :meth:`begin` the first time."""
        super().showEvent(event)
        if not self._has_started:
            self._has_started = True
            self.begin()
