"""Cache of live run records, shared by all views that show a run's figures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from ddpm_studio.backend import Backend, JobHandle
from ddpm_studio.backend.record import RunRecord
from ddpm_studio.jobs.events import RunStarted

_MAX_RECORDS = 8


class RunRecords(QObject):
    """Cache of one :class:`RunRecord` per run that a view watches or watched recently (LRU).

    Args:
        backend: reads the files.
        parent: the owner.
    """

    def __init__(self, backend: Backend, parent: QObject) -> None:
        super().__init__(parent)
        self._backend = backend
        self._records: dict[Path, RunRecord] = {}
        self._moved: list[RunRecord] = []
        self._in_training: RunRecord | None = None

    def of(self, run: Path) -> RunRecord:
        """Return a run's record, which is updated while anything is connected to it."""
        # Evict records that no view watches, the least recently requested first.
        for old, record in list(self._records.items())[:-_MAX_RECORDS]:
            if old != run and not _is_needed(record):
                self._records.pop(old).deleteLater()
        found = self._records.pop(run, None) or RunRecord(self._backend, run, self)
        for unused in [moved for moved in self._moved if not _is_needed(moved)]:
            self._moved.remove(unused)
            unused.deleteLater()
        self._records[run] = found
        found.poll()
        return found

    def follow(self, training: JobHandle[object], started: RunStarted) -> None:
        """Feed a run's record from the events of its training in this window."""
        previous = self._in_training
        if previous is not None and previous.training is not training:
            previous = None
        self._in_training = self.of(started.run)
        self._in_training.follow(training, started.step, previous)

    def set_polling_suspended(self, run: Path, suspended: bool) -> None:
        """Suspend (``suspended``) or resume polling of a run, while its folder is being moved."""
        for path, record in self._records.items():
            if path.resolve() == run.resolve():
                if suspended:
                    record.suspend()
                else:
                    record.resume()

    def drop(self, old: Path) -> None:
        """Drop the record of a run from the cache after its folder was moved."""
        resolved = old.resolve()
        for path in [path for path in self._records if path.resolve() == resolved]:
            self._moved.append(self._records.pop(path))


def _is_needed(record: RunRecord) -> bool:
    return record.is_watched or record.training is not None
