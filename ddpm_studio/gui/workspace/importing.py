"""Import of other programs' models that were dropped or chosen: looked at, asked about, made."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import Backend, JobHandle, specs
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.requests import ImportRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelLook


class Importer(QObject):
    """Finds out what a file or folder is, and makes a run of it.

    Args:
        backend: does so.
        new_run: names a run folder after what it is made of.
        awaited: told of each job, and of what it opens.
        parent: the owner.
    """

    asked = Signal(object, object)
    """(path, :class:`ModelLook`): its files leave something open; :meth:`read` goes on."""
    made = Signal(object)
    """A run was made; carries its path."""
    no_model = Signal(object)
    """It is whole, and no model of a known layout; carries the path."""
    noted = Signal(str)
    """All that there is to know by now of how it was read."""

    def __init__(
        self,
        backend: Backend,
        new_run: Callable[[str], Path],
        awaited: Callable[[JobHandle[object], Path], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._backend, self._new_run, self._awaited = backend, new_run, awaited
        self._notes: list[str] = []

    def look(self, path: Path) -> None:
        """Find out what it is; one of the signals follows, or the job fails with the reason."""
        job = self._backend.submit(specs.runs.look_at_model(path))
        job.on_finished(partial(self._on_look, path))
        self._awaited(job, path)

    def read(self, path: Path, request: ImportRequest) -> None:
        """Make a run of it; ``made`` follows, or the job fails with the reason."""
        self._notes = []
        run = self._new_run(path.name if path.is_dir() else path.stem)
        job = self._backend.submit(specs.runs.import_model(path, run, request))
        job.on_event(self._on_event)
        job.on_finished(self.made.emit)
        self._awaited(job, path)

    def _on_look(self, path: Path, look: ModelLook | None) -> None:
        if look is None:
            self.no_model.emit(path)
        elif look.usual:
            self.asked.emit(path, look)
        else:
            self.read(path, ImportRequest())

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Notice):
            # Together: the next would take the place of the one before.
            self._notes.append(event.text)
            self.noted.emit("\n".join(self._notes))
