"""Recently opened runs and pictures, for the start page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, Signal

from ddpm_studio.paths import is_file, path_exists
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.strict_json import parse_object

_MAX_ENTRIES = 8
_MAX_BYTES = 1 << 20
# More individual files than this are not remembered: their folder is easier to open again.
_MAX_FILES = 64


@dataclass(frozen=True)
class RecentData:
    """Recently opened pictures and the options by which they were prepared."""

    paths: tuple[Path, ...]
    options: PrepareOptions

    @property
    def title(self) -> str:
        """A name to display."""
        first = self.paths[0].name or str(self.paths[0])
        return first if len(self.paths) == 1 else f"{first} + {len(self.paths) - 1}"


class Recent(QObject):
    """Recent items, newest first, persisted in ``store``; missing files are left out."""

    changed = Signal()

    def __init__(self, store: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store

    def runs(self) -> list[Path]:
        """Return the recent run folders that still exist."""
        found = (Path(line) for line in self._lines("runs"))
        return [run for run in found if is_file(run / "run.json")]

    def data(self) -> list[RecentData]:
        """Return the recent pictures whose files all still exist."""
        found = (_parsed(line) for line in self._lines("data"))
        return [item for item in found if item and all(path_exists(path) for path in item.paths)]

    def add_run(self, run: Path) -> None:
        """Add a run at the front."""
        self._add("runs", str(run.resolve()))

    def move_run(self, old: Path, new: Path | None) -> None:
        """Update the path of a run that was moved, in place; ``new`` None: remove it."""
        old_line, lines = str(old.resolve()), self._lines("runs")
        new_lines = [] if new is None else [str(new.resolve())]
        if old_line in lines:
            index = lines.index(old_line)
            self._store.setValue("recent/runs", [*lines[:index], *new_lines, *lines[index + 1 :]])
            self.changed.emit()

    def add_data(self, paths: Sequence[Path], options: PrepareOptions) -> None:
        """Add pictures at the front; replaces an entry of the same files with other options."""
        if not 0 < len(paths) <= _MAX_FILES:
            return
        resolved = [str(path.resolve()) for path in paths]
        line = json.dumps({"paths": resolved, "options": options.model_dump()})
        replaced = [
            old
            for old in self._lines("data")
            if (item := _parsed(old)) and [str(path) for path in item.paths] == resolved
        ]
        self._add("data", line, replaced)

    def lines(self) -> dict[str, list[str]]:
        """Return all stored entries, for :meth:`restore`."""
        return {kind: self._lines(kind) for kind in ("runs", "data")}

    def restore(self, lines: dict[str, list[str]]) -> None:
        """Store the entries that :meth:`lines` returned."""
        for kind, entries in lines.items():
            self._store.setValue(f"recent/{kind}", entries)
        self.changed.emit()

    def clear(self) -> None:
        """Remove all entries."""
        self.restore({"runs": [], "data": []})

    def _lines(self, kind: str) -> list[str]:
        # Another window, in its own process, may have added entries since.
        self._store.sync()
        stored = self._store.value(f"recent/{kind}", [])
        return [str(line) for line in (stored if isinstance(stored, list) else [stored]) if line]

    def _add(self, kind: str, line: str, replaced: Sequence[str] = ()) -> None:
        others = [old for old in self._lines(kind) if old != line and old not in replaced]
        self._store.setValue(f"recent/{kind}", [line, *others][:_MAX_ENTRIES])
        self.changed.emit()


def _parsed(line: str) -> RecentData | None:
    try:
        fields = parse_object(line, _MAX_BYTES)
        paths = tuple(Path(path) for path in fields["paths"])
        return (
            RecentData(paths, PrepareOptions.model_validate(fields["options"])) if paths else None
        )
    except (ValueError, KeyError, TypeError):
        return None
