"""Plot colours of runs: the same in every plot and across restarts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QSettings

from ddpm_studio.gui.theme.tokens import DARK
from ddpm_studio.strict_json import parse_object

_KEY = "runs/colours"
_MAX_RUNS = 500
_MAX_BYTES = 1 << 20


class RunColours:
    """Assigns each run an index into the plot colours when first seen, and keeps it."""

    def __init__(self) -> None:
        self._store: QSettings | None = None
        self._indices: dict[str, int] = {}

    def persist_in(self, store: QSettings) -> None:
        """Load the stored assignments from ``store``, and store new ones there."""
        self._store = store
        self._merge_saved()

    def move(self, old: Path, new: Path) -> None:
        """Keep the colour of a run whose folder was moved."""
        self._merge_saved()
        saved = self._indices.pop(str(old.resolve()), None)
        if saved is not None:
            self._indices[str(new.resolve())] = saved
            self._save()

    def of(self, run: Path) -> int:
        """Return a run's colour index; a new run gets the least used one."""
        key = str(run.resolve())
        if key not in self._indices:
            self._merge_saved()
        if key not in self._indices:
            usage = Counter(self._indices.values())
            self._indices[key] = min(range(len(DARK.plot)), key=lambda index: usage[index])
            while len(self._indices) > _MAX_RUNS:
                del self._indices[next(iter(self._indices))]
            self._save()
        return self._indices[key]

    def _merge_saved(self) -> None:
        """Merge the stored assignments, so that saving does not lose those of another window."""
        if self._store is None:
            return
        # Only this reads what another process has written since.
        self._store.sync()
        try:
            saved = parse_object(str(self._store.value(_KEY, "{}")), _MAX_BYTES)
        except ValueError:
            saved = {}
        self._indices = {
            run: index % len(DARK.plot) for run, index in saved.items() if isinstance(index, int)
        } | self._indices

    def _save(self) -> None:
        if self._store is not None:
            self._store.setValue(_KEY, json.dumps(self._indices))
