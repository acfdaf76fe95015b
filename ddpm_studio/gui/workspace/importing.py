"""Import of other programs' models: inspect the files, ask for missing settings, make a run."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from ddpm_studio.backend import Backend, JobHandle, specs
from ddpm_studio.gui.workspace.opening import Opening
from ddpm_studio.jobs.events import Event, Notice
from ddpm_studio.requests import ImportRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelDescription


class Importer(QObject):
    """Inspects a model file or folder of another program and converts it to a run.

    Args:
        backend: runs the jobs.
        new_run: returns a new run folder, given the name of the model.
        opening: tracks the jobs, and tells whether another model was opened since.
        parent: the owner.
    """

    settings_required = Signal(object, object)
    """Emitted with (path, :class:`ModelDescription`) if settings are needed for :meth:`read`."""
    run_created = Signal(object)
    """Emitted with the path of the new run, to be opened."""
    imported_in_background = Signal(object, str)
    """Emitted with the path of the new run if another model was opened meanwhile, and with the
    notices on how the model was read, one a line."""
    no_model = Signal(object)
    """Emitted with the path of an intact file or folder that is no model of a known layout."""
    notices_changed = Signal(str)
    """Emitted with all notices so far on how the model was read, one a line."""

    def __init__(
        self,
        backend: Backend,
        new_run: Callable[[str], Path],
        opening: Opening,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._backend, self._new_run, self._opening = backend, new_run, opening
        self._notices: list[str] = []

    def inspect(self, path: Path) -> None:
        """Inspect a path; one of the signals follows, or the job fails with the reason."""
        job = self._backend.submit(specs.runs.inspect_model(path))
        job.on_finished(partial(self._on_inspected, job, path))
        self._opening.track(job, path)

    def read(self, path: Path, request: ImportRequest) -> None:
        """Convert a model to a run; ``run_created`` follows, or the job fails with the reason.

        It is ``imported_in_background`` if the user opens another model before it has ended.
        """
        self._read(path, request, None)

    def _read(
        self, path: Path, request: ImportRequest, after: JobHandle[ModelDescription | None] | None
    ) -> None:
        self._notices = []
        run = self._new_run(path.name if path.is_dir() else path.stem)
        job = self._backend.submit(specs.runs.import_model(path, run, request))
        job.on_event(self._on_event)
        job.on_finished(partial(self._on_imported, job))
        self._opening.track(job, path, after)

    def _on_inspected(
        self,
        job: JobHandle[ModelDescription | None],
        path: Path,
        description: ModelDescription | None,
    ) -> None:
        if description is None:
            self.no_model.emit(path)
        elif description.defaults:
            self.settings_required.emit(path, description)
        else:
            self._read(path, ImportRequest(), job)

    def _on_imported(self, job: JobHandle[Path], run: Path) -> None:
        if self._opening.is_newest(job):
            self.run_created.emit(run)
        else:
            self.imported_in_background.emit(run, "\n".join(self._notices))

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Notice):
            # All notices together: each message replaces the one before.
            self._notices.append(event.text)
            self.notices_changed.emit("\n".join(self._notices))
