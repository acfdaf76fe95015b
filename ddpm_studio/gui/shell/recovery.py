"""After a crash: what was being trained is offered again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from ddpm_studio.backend import specs
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.studio import Studio

if TYPE_CHECKING:
    from ddpm_studio.runs.journal import Entry


class Recovery(QObject):
    """Looks once for a training that ended without a word, and offers to go on with it.

    Args:
        studio: goes on with it.
        messages: says so; sending the message away leaves the run as it is.
        parent: the owner.
    """

    def __init__(self, studio: Studio, messages: MessageBar, parent: QObject) -> None:
        super().__init__(parent)
        self._studio, self._messages = studio, messages
        self._offered: Entry | None = None
        self._told = ""
        studio.backend.submit(specs.training.interrupted()).on_finished(self._offer)

    def _offer(self, found: list[Entry]) -> None:
        if not found or self._studio.training is not None:
            return
        self._offered = found[0]
        text = self.tr("The training of {name} was cut short. What it had saved is there.")
        self._told = text.format(name=found[0].run.name)
        self._messages.show_warning(self._told, self.tr("Go on"), self._go_on)
        self._messages.dismissed.connect(self._leave)

    def _go_on(self) -> None:
        view = self._studio.backend.submit(specs.runs.open_run(self._run()))
        view.on_finished(self._resume)
        view.on_failed(self._studio.notify)

    def _resume(self, view: specs.runs.RunView) -> None:
        if self._offered is not None and view.request is not None:
            steps = {"steps": self._offered.steps}
            self._studio.resume_training(self._run(), view.request.model_copy(update=steps))

    def _leave(self, text: str) -> None:
        # By now another message may have stood in the bar.
        if text == self._told:
            self._studio.backend.submit(specs.training.leave_interrupted(self._run()))

    def _run(self) -> Path:
        assert self._offered is not None
        return self._offered.run
