"""Base panel of the tools that draw: live, quiet, one drawing at a time."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import ClassVar

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QStackedLayout, QVBoxLayout, QWidget

from ddpm_studio.backend import JobHandle, JobSpec, State, specs
from ddpm_studio.catalogue.tools import TOOLS, tool_of
from ddpm_studio.errors import Failure
from ddpm_studio.gui.features.common.age_row import AgeRow
from ddpm_studio.gui.features.common.cancelled_drawing import CancelledDrawing
from ddpm_studio.gui.features.common.draggable import Draggable
from ddpm_studio.gui.features.common.drawing_turn import DrawingTurn
from ddpm_studio.gui.features.common.tool_words import tool_menu
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.tall_area import FilledArea
from ddpm_studio.gui.widgets.layout.thin_progress import thin_progress
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import Recipe, Restored, follow_run
from ddpm_studio.jobs.events import Drawn, Event

_DELAY_MS = 80
# A drawing that is over so soon is waited for: the next begins when it is there.
LIVE_SECONDS = 0.5
_FRAMES = 25


class ToolPanel(QWidget):
    """A tab that draws as soon as it is looked at, and again when something changes.

    What it draws by itself, when a model is opened or the tab is seen for the first time, is
    only shown, lets a training go first, and ends when the tab is left, to begin again when it is
    seen again; what a person asked for or changed something for is drawn at once, goes on, and is
    kept in the gallery too. Of what is drawn while a control is dragged, that is the last.

    How it follows a drag depends on how long its last drawing took. One that is over within
    :data:`LIVE_SECONDS`, as a few-step student's is, is let finish, and then the newest request
    is drawn: one is in flight, and none but the newest waits. A longer one gives way to the newer
    request, so that its first moments are seen.

    A subclass says which ``tool`` it is, puts its widgets into ``content``, implements
    :meth:`_spec`, :meth:`_on_event` and :meth:`_on_finished`, and calls :meth:`draw_later`. Where
    dropped pictures are drawn again, it implements :meth:`_show_restored`.

    Args:
        studio: the window's model.
        actions: where actions are registered.
        parent: the owner.
    """

    tool: ClassVar[str]
    """The name of its description, :class:`ddpm_studio.catalogue.ToolInfo`."""
    icon: ClassVar[str] = ""
    """Shown while there is no model; empty: the tool's."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.info = TOOLS[self.tool]
        self.studio = studio
        self.actions_ = actions
        self.job: JobHandle[object] | None = None
        self.drawn: Drawn | None = None
        self._age: AgeRow | None = None
        self._stale = True
        self._asked_for = self._was_asked = self._keeps = False
        self._turn = DrawingTurn(studio, self)
        self._drawn_run: Path | None = None
        self._again: Restored | None = None
        self._index: int | None = None
        self._controls: list[Draggable] = []
        # Drawn while a control was dragged, to be kept if it stays the last.
        self._owed: Drawn | None = None
        self._dragging = False
        self._begun = 0.0
        self._seconds: float | None = None
        self._patience = QTimer(self, singleShot=True)
        self._patience.timeout.connect(self._lose_patience)
        self._delay = QTimer(self, singleShot=True)
        self._delay.timeout.connect(self._draw)
        self.messages = MessageBar()
        self.cancelled = CancelledDrawing(studio, self.messages, self)
        self.progress = thin_progress(self.tr("Drawing"))
        body = QWidget()
        self.content = QVBoxLayout(body)
        # The pictures get all that the controls leave.
        self.content.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        self.content.setSpacing(SPACE_S)
        self.messages.lie_over(self)
        self.empty = EmptyState()
        self._tell_empty()
        self.pages = QStackedLayout(self)
        self.pages.addWidget(self.empty)
        self.pages.addWidget(FilledArea(body, self.tr("Tool")))
        studio.run_changed.connect(self._on_run)
        studio.run_moved.connect(self._on_run_moved)
        studio.training_changed.connect(self._on_run)
        studio.opening_changed.connect(self._show_page)
        studio.restored.connect(self._on_restored)
        self._turn.came.connect(self._on_turn)

    @property
    def category(self) -> str:
        """The menu that its actions belong to, translated."""
        return tool_menu(self.tool)

    def draw_later(self, *, asked: bool = True) -> None:
        """Draw in a moment with what is chosen then, at the latest when the tab is seen.

        While a control is being dragged this goes on several times a second.

        Args:
            asked: whether a person is the cause.
        """
        self._asked_for |= asked
        self._stale = True
        self._again = None
        # It was of what was chosen before; what is said until it is drawn stays.
        self.messages.clear()
        if not self.isVisible() or not self._turn.has_model() or self._delay.isActive():
            return
        if not self._under_way or (self._seconds or 0.0) > LIVE_SECONDS:
            self._delay.start(0 if self.quick else _DELAY_MS)
        elif not self._patience.isActive():
            waited = time.monotonic() - self._begun
            self._patience.start(max(0, round(1000 * (LIVE_SECONDS - waited))))

    def draw_now(self) -> None:
        """Draw because a person says so; a drawing under way gives way."""
        self._asked_for = True
        self.messages.clear()
        self._draw()

    def _draw(self) -> None:
        self._delay.stop()
        self._patience.stop()
        if not self._turn.has_model() or self.studio.run is None:
            return
        self._turn.forget()
        if not self._asked_for and self._has_subject() and self._turn.comes_later():
            self._refresh_age()
            return
        spec = self._spec()
        if spec is None:
            return
        again, self._again = self._again, None
        self._index = None
        if again is not None:
            spec = specs.drawing.redraw(again.with_frames(self._moments_again), spec.slot)
            self._index = again.index
        self._stale = False
        self._owed, self._dragging = None, self._asked_for and self.dragged
        self._was_asked, self._asked_for = self._asked_for, False
        self._keeps = self._was_asked and not self._dragging
        self._begun = time.monotonic()
        self.cancelled.let_go()
        # The one before gives way: its end is not that of what is drawn now.
        self.job = None
        self.job = self.studio.submit(spec, asked=self._was_asked, kept=self._keeps)
        self.cancelled.follow(self.job, self._keeps)
        self.job.on_event(self._on_event)
        self.job.changed.connect(self._show_progress)
        self.job.on_finished(self._on_finished)
        self.job.finished.connect(self._choose_restored)
        self.job.finished.connect(self._on_drawn)
        self.job.on_failed(self._on_drawing_failed)
        self.job.ended.connect(self._on_ended)
        self.job.ended.connect(self._draw_newest)
        self.job.ended.connect(self._refresh_age)
        self._refresh_age()
        self._show_progress()

    def _on_turn(self) -> None:
        """Draw what waited for a model, or for its training."""
        self.draw_later(asked=False)

    def _refresh_age(self) -> None:
        if self._age is not None:
            self._age.refresh()

    def _waiting(self) -> str:
        """Why what nobody asked for is not there yet, else an empty text."""
        return self._turn.words(self._under_way and not self._was_asked)

    def give_up(self) -> None:
        """Cancel a drawing under way: what it was asked for is shown no more."""
        self._patience.stop()
        self.cancelled.let_go()
        if self.job is not None:
            self.studio.backend.cancel(self.job)

    @property
    def busy(self) -> bool:
        """Whether something is being drawn, or about to be."""
        return self._under_way or self._delay.isActive() or self._patience.isActive()

    @property
    def quick(self) -> bool:
        """Whether its last drawing was over within :data:`LIVE_SECONDS`."""
        return self._seconds is not None and self._seconds <= LIVE_SECONDS

    @property
    def dragged(self) -> bool:
        """Whether a control is being dragged that changes what is drawn."""
        return any(control.dragged for control in self._controls)

    def follow_drags(self, *controls: Draggable) -> None:
        """Keep of what is drawn while one of these is dragged only the last."""
        for control in controls:
            self._controls.append(control)
            control.released.connect(self._keep_owed)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what has been asked for while nobody looked."""
        super().showEvent(event)
        if self._stale:
            self.draw_later(asked=False)

    def hideEvent(self, event: QHideEvent) -> None:
        """Begin nothing while nobody looks, and end what nobody asked for until somebody does."""
        super().hideEvent(event)
        self._delay.stop()
        self._patience.stop()
        # A window that is put away for a moment is not left.
        if self._under_way and not self._was_asked and not event.spontaneous():
            self.give_up()
            self._stale = True

    def _spec(self) -> JobSpec[object] | None:
        """Return what to draw now, or None while something is missing."""
        raise NotImplementedError

    def _has_subject(self) -> bool:
        """Whether there is all that it takes to draw."""
        return True

    def _on_event(self, event: Event) -> None:
        """Show what the drawing tells."""
        raise NotImplementedError

    def _on_finished(self, result: object) -> None:
        """Show the result."""
        raise NotImplementedError

    def _show_restored(self, found: Restored) -> None:
        """Set the controls to what a dropped picture was drawn with."""

    def _select(self, index: int) -> None:
        """Make a picture of the finished drawing the current one."""

    def _show_undrawn(self) -> None:
        """Say so where there is nothing to see: a drawing has ended early, none is under way."""

    def _on_model(self) -> None:
        """Follow another model: its T, its size."""
        raise NotImplementedError

    def _tell_age(self, again: QAction, place: int = 0) -> None:
        """Say above the pictures, of an earlier step, that they are; ``again`` draws them anew."""
        self._age = AgeRow(self.studio, again, self._recipe, self._waiting)
        self.content.insertWidget(place, self._age)

    def _keep(self, drawn: Drawn) -> None:
        """Keep a part of the drawing under way in the gallery, if a person asked for it."""
        if self._keeps:
            self.studio.drawn.emit(drawn)

    @property
    def _under_way(self) -> bool:
        return self.job is not None and not self.job.state.over

    def _on_drawn(self, result: object) -> None:
        """Note how long it took; remember what a drag has drawn."""
        self._seconds = time.monotonic() - self._begun
        if self._dragging and isinstance(result, Drawn):
            self._owed = result
            if not self.dragged:
                self._keep_owed()

    def _draw_newest(self) -> None:
        """Draw what was asked for while the last drawing was under way."""
        if self._patience.isActive() and not self._under_way:
            self._patience.stop()
            self._delay.start(0)

    def _on_ended(self) -> None:
        if self.job is not None and self.sender() is self.job and self.job.state is not State.DONE:
            self._show_undrawn()

    def _on_drawing_failed(self, failure: Failure) -> None:
        # Where something else was asked for since, that is what matters.
        if not self._stale:
            self._on_failed(failure)

    def _lose_patience(self) -> None:
        """Let a drawing that takes long give way."""
        self._seconds = math.inf
        self._draw()

    def _keep_owed(self) -> None:
        owed, self._owed = self._owed, None
        if owed is not None and not self._under_way:
            self.studio.drawn.emit(owed)

    @property
    def shown_recipe(self) -> Recipe | None:
        """How what is shown was drawn; None while nothing is."""
        return self._recipe()

    def _recipe(self) -> Recipe | None:
        return None if self.drawn is None else self.drawn.recipe

    def _tell_empty(self) -> None:
        opening = self.studio.opening is not None
        self.empty.set_content(
            self.icon or self.info.icon,
            self.studio.no_model,
            "" if opening else self.tr("Open a model…"),
            self._open_model,
        )

    @property
    def _moments_again(self) -> int:
        """How many moments to show of what is drawn again."""
        return _FRAMES

    def _show_page(self) -> None:
        """Show the controls where there is a model, else what to do about it."""
        self._tell_empty()
        self.pages.setCurrentIndex(1 if self.studio.can_draw else 0)

    def _on_run(self) -> None:
        can = self.studio.can_draw
        self._show_page()
        if can and self.studio.run != self._drawn_run:
            self._drawn_run = self.studio.run
            self._seconds = None
            # Nothing of the model before is shown, offered or saved under this one's name.
            self.drawn = None
            self._on_model()
            self._asked_for = False
            self.draw_later(asked=False)

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        """Keep what was drawn by a run that has only another name."""
        if old is None or new is None:
            return
        if self._drawn_run is not None and self._drawn_run.resolve() == old.resolve():
            self._drawn_run = new
        if self.drawn is not None:
            follow_run(self.drawn.recipe, old, new)

    def _on_restored(self, found: Restored) -> None:
        if tool_of(found.kind) is not self.info:
            return
        self._show_restored(found)
        # A sheet of several drawings is drawn as the controls say.
        self._again = None if found.rows else found
        self.draw_now()

    def _choose_restored(self) -> None:
        if self._index is not None:
            self._select(self._index)

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


def choose(box: QComboBox, number: int) -> None:
    """Choose a number in a list of numbers, into which it comes if it is not there."""
    if box.findData(number) < 0:
        box.addItem(f"{number:,}", number)
    box.setCurrentIndex(box.findData(number))
