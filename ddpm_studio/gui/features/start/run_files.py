"""Renaming runs, and moving them to the trash."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from ddpm_studio.backend import JobHandle, JobSpec, specs
from ddpm_studio.durations import format_size
from ddpm_studio.errors import Failure, StudioError
from ddpm_studio.gui.features.common.counts import step_count
from ddpm_studio.gui.features.start.rename_dialog import RenameDialog
from ddpm_studio.gui.widgets.layout.message_bar import MessageBar
from ddpm_studio.gui.workspace.actions import ActionRegistry
from ddpm_studio.gui.workspace.recent import Recent
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.gui.workspace.undo_order import next_change
from ddpm_studio.runs.naming import renamed_path, reserved
from ddpm_studio.runs.ready import is_ready

T = TypeVar("T")

RUN = "run"
"""Prefix of the ids of these actions."""
_TOPIC = "run files"


@dataclass(frozen=True)
class _UndoStep:
    """Undo step of a rename or a move to the trash.

    ``do`` submits the job that moves the run from ``source``, where it is since, to ``target``;
    ``number`` is that of the change, see :func:`next_change`; 0: undoing it has failed.
    """

    source: Path
    target: Path
    do: Callable[[], JobHandle[Path]]
    number: int = field(default_factory=next_change)


class RunFiles(QObject):
    """File actions of runs: registers those of the open run, and performs them on any run.

    Args:
        studio: follows a run that was moved.
        actions: where the actions are registered.
        recent: the recent runs, in which a moved run is updated.
        messages: show what was done, with a button that undoes it.
        window: owner of the dialogs.
    """

    def __init__(
        self,
        studio: Studio,
        actions: ActionRegistry,
        recent: Recent,
        messages: MessageBar,
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._studio, self._recent, self._messages = studio, recent, messages
        self._window, self._actions = window, actions
        self._undo_steps: list[_UndoStep] = []
        for key, text, callback, icon, keywords in (
            ("rename", self.tr("Rename run…"), self._rename_open, "tag", self.tr("name title")),
            (
                "trash",
                self.tr("Move run to the trash"),
                self._trash_open,
                "trash-2",
                self.tr("delete"),
            ),
            ("undo", self.tr("Bring the run back"), self.undo, "undo-2", self.tr("restore")),
        ):
            actions.add(
                f"{RUN}.{key}",
                text,
                callback,
                category=self.tr("&Model"),
                icon=icon,
                keywords=keywords,
                enabled=False,
            )
        studio.run_changed.connect(self._refresh)
        studio.training_changed.connect(self._refresh)
        studio.run_moved.connect(self._on_moved)
        self._refresh()

    @property
    def last_change(self) -> int | None:
        """Number of the change to undo next, from :func:`next_change`; None: none."""
        return self._undo_steps[-1].number if self._undo_steps else None

    def rename(self, run: Path) -> None:
        """Ask for a run's new name."""
        dialog = RenameDialog(run, partial(self._renamed_path, run), self._window)
        dialog.chosen.connect(partial(self._on_name, run))
        dialog.open()

    def trash(self, run: Path) -> None:
        """Move a run to the system's trash; ask first only where it would be lost."""
        self._submit(specs.run_files.trash_run(run), run, self._on_trashed)

    def undo(self) -> None:
        """Undo the latest rename or move to the trash that is not undone yet."""
        if self._undo_steps:
            step = self._undo_steps.pop()
            self._messages.clear("info")
            self._refresh()
            try:
                self._check_not_reserved(step.target)
            except StudioError as error:
                self._studio.notify(error)
                self._put_back(step)
            else:
                step.do().on_failed(lambda _failure: self._put_back(step))

    def _renamed_path(self, run: Path, name: str) -> Path:
        """Return a run's path under another name.

        Raises:
            StudioError: if the name is invalid, taken or reserved for a training.
        """
        new = renamed_path(run, name)
        if new != run:
            self._check_not_reserved(new)
        return new

    def _check_not_reserved(self, run: Path) -> None:
        """Raise StudioError if a training is to make its folder there, and has not made it yet."""
        if not run.exists() and self._studio.trainer.is_reserved(run):
            raise reserved(run.name)

    def _on_name(self, run: Path, name: str) -> None:
        try:
            # A training may have been queued since the dialog checked the name.
            self._check_not_reserved(run.parent / name)
        except StudioError as error:
            self._studio.notify(error)
        else:
            self._rename(run, name)

    def _rename_open(self) -> None:
        if self._studio.run is not None:
            self.rename(self._studio.run)

    def _trash_open(self) -> None:
        if self._studio.run is not None:
            self.trash(self._studio.run)

    def _submit(self, spec: JobSpec[T], run: Path, callback: Callable[[T], object]) -> JobHandle[T]:
        self._studio.set_polling_suspended(run, True)
        job = self._studio.backend.submit(spec)
        job.on_finished(callback)
        job.on_failed(partial(self._on_failed, run))
        return job

    def _rename(self, run: Path, name: str, is_undo: bool = False) -> JobHandle[Path]:
        callback = partial(self._on_renamed, run, is_undo)
        return self._submit(specs.run_files.rename_run(run, name), run, callback)

    def _on_renamed(self, old: Path, is_undo: bool, new: Path) -> None:
        """Follow a renamed run, and offer to undo that unless it was one itself (``is_undo``)."""
        self._studio.follow_moved_run(old, new)
        text = self.tr("{old} has been renamed to {new}.").format(old=old.name, new=new.name)
        if is_undo:
            self._messages.show_message(text, topic=_TOPIC)
        else:
            undo = partial(self._rename, new, old.name, is_undo=True)
            self._offer_undo(text, _UndoStep(new, old, undo))

    def _on_trashed(self, trashed: specs.run_files.TrashedRun) -> None:
        run = trashed.run
        texts = {"run": run.name, "what": self._describe(trashed)}
        if not trashed.is_trashed:
            self._studio.set_polling_suspended(run, False)
            self._messages.show_warning(
                self.tr(
                    "There is no trash for {run} here. To delete it for good takes {what} away, "
                    "and can't be undone."
                ).format(**texts),
                self.tr("Delete for good"),
                partial(self._delete, trashed),
                _TOPIC,
            )
            return
        was_open = self._is_open(run)
        self._studio.follow_moved_run(run, None)
        text = self.tr("{run} is in the trash, with {what}.").format(**texts)
        if trashed.trash_path is None:
            self._report_irreversible(run, text)
        else:
            undo = partial(self._restore, trashed, was_open)
            self._offer_undo(text, _UndoStep(trashed.trash_path, run, undo))

    def _restore(self, trashed: specs.run_files.TrashedRun, was_open: bool) -> JobHandle[Path]:
        job = self._studio.backend.submit(specs.run_files.restore_run(trashed))
        job.on_finished(partial(self._on_restored, was_open))
        job.on_failed(self._studio.notify)
        return job

    def _put_back(self, step: _UndoStep) -> None:
        """Keep a step that failed, after all others: what prevents it may go away, or never."""
        if step.source.exists():
            self._undo_steps.insert(0, replace(step, number=0))
            self._refresh()

    def _on_restored(self, was_open: bool, run: Path) -> None:
        self._studio.follow_moved_run(None, run)
        if was_open and self._studio.run is None:
            self._studio.open_run(run)

    def _delete(self, trashed: specs.run_files.TrashedRun) -> None:
        self._submit(specs.run_files.delete_run(trashed), trashed.run, self._on_deleted)

    def _on_deleted(self, run: Path) -> None:
        self._studio.follow_moved_run(run, None)
        self._report_irreversible(run, self.tr("{run} is deleted.").format(run=run.name))

    def _on_failed(self, run: Path, failure: Failure) -> None:
        self._studio.set_polling_suspended(run, False)
        self._studio.notify(failure)

    def _report_irreversible(self, run: Path, text: str) -> None:
        """Show the message of a change that can't be undone, and drop the run's undo steps."""
        self._undo_steps = [step for step in self._undo_steps if step.source != run]
        self._refresh()
        self._messages.show_message(text, topic=_TOPIC)

    def _offer_undo(self, text: str, step: _UndoStep) -> None:
        self._undo_steps.append(step)
        self._refresh()
        self._messages.show_message(text, action=self.tr("Undo"), callback=self.undo, topic=_TOPIC)

    def _is_open(self, run: Path) -> bool:
        open_run = self._studio.run
        return open_run is not None and open_run.resolve() == run.resolve()

    def _describe(self, trashed: specs.run_files.TrashedRun) -> str:
        size, steps = format_size(trashed.extent.size), trashed.extent.steps
        if steps is None:
            return size
        return f"{step_count(steps)} ({size})"

    def _on_moved(self, old: Path | None, new: Path | None) -> None:
        if old is not None:
            self._recent.move_run(old, new)
        elif new is not None:
            self._recent.add_run(new)

    def _refresh(self) -> None:
        studio = self._studio
        self._actions[f"{RUN}.undo"].setEnabled(bool(self._undo_steps))
        tooltip = self.tr("Nothing to undo; what was deleted is in the system's trash")
        if self._undo_steps:
            tooltip = self.tr("Undo what was last done with the folder of a run")
        self._actions.set_tooltip(f"{RUN}.undo", tooltip)
        is_open = studio.run_view is not None
        is_trained = studio.training is not None and studio.run == studio.training_run
        is_shipped = studio.run is not None and is_ready(studio.run)
        tips = {
            "rename": self.tr("Give the open run, and its folder, another name"),
            "trash": self.tr("Move the folder of the open run to the system's trash"),
        }
        why_not = ""
        if not is_open:
            why_not = self.tr("Open a run first")
        elif is_trained:
            why_not = self.tr("The open run is being trained: stop the training first")
        elif is_shipped:
            why_not = self.tr("The open model comes with the program and is read-only")
        for key, tip in tips.items():
            self._actions.set_available(f"{RUN}.{key}", tip, why_not)
