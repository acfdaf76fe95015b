"""Base class of the tool panels: live drawing, throttled, one drawing at a time."""

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
from ddpm_studio.gui.features.common.cancelled_drawing import CancelledDrawing
from ddpm_studio.gui.features.common.draggable import Draggable
from ddpm_studio.gui.features.common.drawing_deferral import DrawingDeferral
from ddpm_studio.gui.features.common.stale_notice import StaleNotice
from ddpm_studio.gui.features.common.tool_titles import tool_menu_title
from ddpm_studio.gui.theme.tokens import SPACE_M, SPACE_S
from ddpm_studio.gui.widgets.layout.empty_state import EmptyState
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.widgets.layout.scroll_areas import FillingScrollArea
from ddpm_studio.gui.widgets.layout.thin_progress import thin_progress
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe, Recipe, update_run_path
from ddpm_studio.jobs.events import DrawingResult, Event

_DELAY_MS = 80
# A drawing that takes at most this long, in seconds, finishes before the next one begins.
LIVE_SECONDS = 0.5
_FRAMES = 25


class ToolPanel(QWidget):
    """Tab that draws when it becomes visible, and again whenever its settings change.

    Automatic drawings, when a model is opened or the tab is first seen, are only shown: they give
    priority to a training, and are cancelled when the tab is hidden, to begin again when it is
    shown again. Drawings that a person asked for, or caused by a change, begin at once, go on in
    the background, and are also kept in the gallery; of those drawn while a control is dragged,
    only the last is kept.

    Throttling during a drag depends on the duration of the last drawing. One that takes at most
    :data:`LIVE_SECONDS`, like a few-step student's, is allowed to finish, and then the newest
    request is drawn: one is in flight, and only the newest one is pending. A longer one is
    superseded by the newer request, so that the latter's first intermediate states are seen.

    A subclass sets ``tool``, puts its widgets into ``content``, implements :meth:`_spec`,
    :meth:`_on_event`, :meth:`_on_finished` and :meth:`_on_model`, and calls :meth:`draw_later`.
    Where dropped pictures are drawn again, it implements :meth:`_show_restored`.

    Args:
        studio: the window's model.
        actions: where actions are registered.
        parent: the owner.
    """

    tool: ClassVar[str]
    """The name of its description, :class:`ddpm_studio.catalogue.ToolInfo`."""
    icon: ClassVar[str] = ""
    """Icon of the empty state, while there is no model; empty: the tool's icon."""

    def __init__(
        self, studio: Studio, actions: ActionRegistry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.info = TOOLS[self.tool]
        self.studio = studio
        self.actions_ = actions
        self.job: JobHandle[object] | None = None
        self.drawn: DrawingResult | None = None
        self._stale_notice: StaleNotice | None = None
        self._stale = True
        self._user_requested = self._was_requested = self._to_gallery = False
        self._deferral = DrawingDeferral(studio, self)
        self._drawn_run: Path | None = None
        self._restored: ParsedRecipe | None = None
        self._restored_index: int | None = None
        self._draggables: list[Draggable] = []
        # Drawn while a control was dragged; kept in the gallery if it remains the last.
        self._unsaved_drawing: DrawingResult | None = None
        self._dragging = False
        self._started_at = 0.0
        self._last_duration: float | None = None
        self._supersede_timer = QTimer(self, singleShot=True)
        self._supersede_timer.timeout.connect(self._supersede)
        self._delay_timer = QTimer(self, singleShot=True)
        self._delay_timer.timeout.connect(self._draw)
        self.messages = MessageBar()
        self.cancelled = CancelledDrawing(studio, self.messages, self)
        self.progress = thin_progress(self.tr("Drawing"))
        body = QWidget()
        self.content = QVBoxLayout(body)
        # Narrow margins: the pictures get all the space that the controls leave.
        self.content.setContentsMargins(SPACE_M, SPACE_S, SPACE_M, SPACE_S)
        self.content.setSpacing(SPACE_S)
        self.messages.attach_to(self)
        self.empty = EmptyState()
        self._update_empty_state()
        self.pages = QStackedLayout(self)
        self.pages.addWidget(self.empty)
        self.pages.addWidget(FillingScrollArea(body, self.tr("Tool")))
        studio.run_changed.connect(self._on_run)
        studio.run_moved.connect(self._on_run_moved)
        studio.training_changed.connect(self._on_run)
        studio.opening_changed.connect(self._show_page)
        studio.restored.connect(self._on_restored)
        self._deferral.ready.connect(self._on_deferral_ended)

    @property
    def category(self) -> str:
        """Translated title of the menu that its actions belong to."""
        return tool_menu_title(self.tool)

    def draw_later(self, *, asked: bool = True) -> None:
        """Schedule a drawing, with the settings at the time when it begins.

        Further calls until then are merged into it; they do not put it off. A drag calls this, and
        may draw, several times a second. While the tab is hidden or there is no model, it waits.

        Args:
            asked: whether a person caused the drawing.
        """
        self._user_requested |= asked
        self._stale = True
        self._restored = None
        # The message shown was about the previous settings; later ones stay until it is drawn.
        self.messages.clear()
        if not self.isVisible() or not self._deferral.has_model() or self._delay_timer.isActive():
            return
        if not self._under_way or (self._last_duration or 0.0) > LIVE_SECONDS:
            self._delay_timer.start(0 if self.is_fast else _DELAY_MS)
        elif not self._supersede_timer.isActive():
            elapsed = time.monotonic() - self._started_at
            self._supersede_timer.start(max(0, round(1000 * (LIVE_SECONDS - elapsed))))

    def draw_now(self) -> None:
        """Draw at once at a person's request, superseding a drawing under way."""
        self._user_requested = True
        self.messages.clear()
        self._draw()

    def _draw(self) -> None:
        self._delay_timer.stop()
        self._supersede_timer.stop()
        if not self._deferral.has_model() or self.studio.run is None:
            return
        self._deferral.discard()
        if not self._user_requested and self._has_inputs() and self._deferral.must_wait():
            self._refresh_stale_notice()
            return
        spec = self._spec()
        if spec is None:
            return
        restored, self._restored = self._restored, None
        self._restored_index = None
        if restored is not None:
            spec = specs.drawing.redraw(restored.with_frames(self._redraw_frame_count), spec.slot)
            self._restored_index = restored.index
        self._stale = False
        self._unsaved_drawing, self._dragging = None, self._user_requested and self.is_dragged
        self._was_requested, self._user_requested = self._user_requested, False
        self._to_gallery = self._was_requested and not self._dragging
        self._started_at = time.monotonic()
        self.cancelled.stop_following()
        # The previous job is superseded: its end must not be taken for the new one's.
        self.job = None
        self.job = self.studio.submit(spec, by_user=self._was_requested, save=self._to_gallery)
        self.cancelled.follow(self.job, self._to_gallery)
        self.job.on_event(self._on_event)
        self.job.changed.connect(self._show_progress)
        self.job.on_finished(self._on_finished)
        self.job.finished.connect(self._select_restored)
        self.job.finished.connect(self._on_drawn)
        self.job.on_failed(self._on_drawing_failed)
        self.job.ended.connect(self._on_ended)
        self.job.ended.connect(self._draw_pending)
        self.job.ended.connect(self._refresh_stale_notice)
        self._refresh_stale_notice()
        self._show_progress()

    def _on_deferral_ended(self) -> None:
        """Draw what was deferred until there was a model, or until it had learnt something."""
        self.draw_later(asked=False)

    def _refresh_stale_notice(self) -> None:
        if self._stale_notice is not None:
            self._stale_notice.refresh()

    def _waiting_reason(self) -> str:
        """Return why an automatic drawing is not finished yet, else an empty text."""
        return self._deferral.waiting_reason(self._under_way and not self._was_requested)

    def cancel_drawing(self) -> None:
        """Cancel the drawing under way, without offering its partial result."""
        self._supersede_timer.stop()
        self.cancelled.stop_following()
        if self.job is not None:
            self.studio.backend.cancel(self.job)

    @property
    def busy(self) -> bool:
        """Whether a drawing is under way or scheduled."""
        return self._under_way or self._delay_timer.isActive() or self._supersede_timer.isActive()

    @property
    def is_fast(self) -> bool:
        """Whether the last drawing took at most :data:`LIVE_SECONDS`."""
        return self._last_duration is not None and self._last_duration <= LIVE_SECONDS

    @property
    def is_dragged(self) -> bool:
        """Whether a control registered by :meth:`follow_drags` is being dragged."""
        return any(control.is_dragged for control in self._draggables)

    def follow_drags(self, *controls: Draggable) -> None:
        """Register controls: of the drawings during a drag of one, only the last is kept."""
        for control in controls:
            self._draggables.append(control)
            control.released.connect(self._save_dragged_drawing)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw if settings changed while the tab was hidden."""
        super().showEvent(event)
        if self._stale:
            self.draw_later(asked=False)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop scheduled drawings, and cancel an automatic one until the tab is shown again."""
        super().hideEvent(event)
        self._delay_timer.stop()
        self._supersede_timer.stop()
        # Spontaneous: the window was only minimised, the tab is not left.
        if self._under_way and not self._was_requested and not event.spontaneous():
            self.cancel_drawing()
            self._stale = True

    def _spec(self) -> JobSpec[object] | None:
        """Return the job to draw now, or None while an input is missing."""
        raise NotImplementedError

    def _has_inputs(self) -> bool:
        """Whether all inputs of a drawing are there."""
        return True

    def _on_event(self, event: Event) -> None:
        """Handle an event of the drawing under way."""
        raise NotImplementedError

    def _on_finished(self, result: object) -> None:
        """Show the result."""
        raise NotImplementedError

    def _show_restored(self, found: ParsedRecipe) -> None:
        """Set the controls to the settings that a dropped picture was drawn with."""

    def _select(self, index: int) -> None:
        """Make a picture of the finished drawing the current one, by its index."""

    def _show_not_drawn(self) -> None:
        """Show an empty state if there are no pictures after a failed or cancelled drawing."""

    def _on_model(self) -> None:
        """Adapt the controls to another model: its T, its picture size."""
        raise NotImplementedError

    def _add_stale_notice(self, redraw: QAction, index: int = 0) -> None:
        """Insert the notice of stale drawings into ``content``; ``redraw`` draws them again."""
        self._stale_notice = StaleNotice(self.studio, redraw, self._recipe, self._waiting_reason)
        self.content.insertWidget(index, self._stale_notice)

    def _keep_in_gallery(self, drawn: DrawingResult) -> None:
        """Keep a part of the drawing under way in the gallery, if the drawing is to be kept."""
        if self._to_gallery:
            self.studio.drawn.emit(drawn)

    @property
    def _under_way(self) -> bool:
        return self.job is not None and not self.job.state.is_over

    def _on_drawn(self, result: object) -> None:
        """Record the duration; remember a drawing of a drag as the one to be kept."""
        self._last_duration = time.monotonic() - self._started_at
        if self._dragging and isinstance(result, DrawingResult):
            self._unsaved_drawing = result
            if not self.is_dragged:
                self._save_dragged_drawing()

    def _draw_pending(self) -> None:
        """Draw the request that was pending while the last drawing was under way."""
        if self._supersede_timer.isActive() and not self._under_way:
            self._supersede_timer.stop()
            self._delay_timer.start(0)

    def _on_ended(self) -> None:
        if self.job is not None and self.sender() is self.job and self.job.state is not State.DONE:
            self._show_not_drawn()

    def _on_drawing_failed(self, failure: Failure) -> None:
        # The failure is irrelevant if a newer drawing was requested since.
        if not self._stale:
            self._on_failed(failure)

    def _supersede(self) -> None:
        """Supersede a drawing that turned out to take long."""
        self._last_duration = math.inf
        self._draw()

    def _save_dragged_drawing(self) -> None:
        drawing, self._unsaved_drawing = self._unsaved_drawing, None
        if drawing is not None and not self._under_way:
            self.studio.drawn.emit(drawing)

    @property
    def shown_recipe(self) -> Recipe | None:
        """Recipe of the drawing shown; None while there is none."""
        return self._recipe()

    def _recipe(self) -> Recipe | None:
        return None if self.drawn is None else self.drawn.recipe

    def _update_empty_state(self) -> None:
        opening = self.studio.opening is not None
        self.empty.set_content(
            self.icon or self.info.icon,
            self.studio.no_model,
            "" if opening else self.tr("Open a model…"),
            self._open_model,
        )

    @property
    def _redraw_frame_count(self) -> int:
        """Number of intermediate states to show when a picture is drawn again."""
        return _FRAMES

    def _show_page(self) -> None:
        """Show the controls if there is a model, else the empty state."""
        self._update_empty_state()
        self.pages.setCurrentIndex(1 if self.studio.can_draw else 0)

    def _on_run(self) -> None:
        can_draw = self.studio.can_draw
        self._show_page()
        if can_draw and self.studio.run != self._drawn_run:
            self._drawn_run = self.studio.run
            self._last_duration = None
            # No drawing of the previous model may be shown, offered or saved as this one's.
            self.drawn = None
            self._on_model()
            self._user_requested = False
            self.draw_later(asked=False)

    def _on_run_moved(self, old: Path | None, new: Path | None) -> None:
        """Keep the drawing of a moved run; one that takes a deleted run's name is another."""
        if old is None:
            return
        if self._drawn_run is not None and self._drawn_run.resolve() == old.resolve():
            self._drawn_run = new
        if self.drawn is not None and new is not None:
            update_run_path(self.drawn.recipe, old, new)

    def _on_restored(self, found: ParsedRecipe) -> None:
        if tool_of(found.kind) is not self.info:
            return
        self._show_restored(found)
        # A sheet of several drawings is drawn from the settings of the controls.
        self._restored = None if found.rows else found
        self.draw_now()

    def _select_restored(self) -> None:
        if self._restored_index is not None:
            self._select(self._restored_index)

    def _on_failed(self, failure: Failure) -> None:
        if self._user_requested:  # It was deferred until a picture was there: drawn without it.
            self.draw_later()
        self.messages.show_failure(failure)

    def _show_progress(self) -> None:
        job = self.job
        under_way = job is not None and not job.state.is_over
        progress_event = job.progress if job is not None and under_way else None
        self.progress.setRange(0, progress_event.total if progress_event else 1)
        self.progress.setValue(progress_event.done if progress_event else 0)
        self.progress.setVisible(under_way)

    def _open_model(self) -> None:
        if "file.open_model" in self.actions_:
            self.actions_["file.open_model"].trigger()


def choose(box: QComboBox, number: int) -> None:
    """Select a number in a combo box of numbers, adding it if it is missing."""
    if box.findData(number) < 0:
        box.addItem(f"{number:,}", number)
    box.setCurrentIndex(box.findData(number))
