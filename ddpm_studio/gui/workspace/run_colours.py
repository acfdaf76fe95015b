"""Plot colours of runs: the same in every plot and across restarts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from PySide6.QtCore import QSettings

from ddpm_studio.gui.theme.tokens import DARK
from ddpm_studio.strict_json import parse_object

_KEY = "runs/colours"
_KEPT = 500
_MAX_BYTES = 1 << 20


class RunColours:
    """Assigns each run an index into the plot colours when first seen, and keeps it."""

    def __init__(self) -> None:
        self._store: QSettings | None = None
        self._places: dict[str, int] = {}

    def keep_in(self, store: QSettings) -> None:
        """Load the stored assignments from ``store``, and store new ones there."""
        self._store = store
        self._take_kept()

    def move(self, old: Path, new: Path) -> None:
        """Keep the colour of a run whose folder was moved."""
        self._take_kept()
        kept = self._places.pop(str(old.resolve()), None)
        if kept is not None:
            self._places[str(new.resolve())] = kept
            self._save()

    def of(self, run: Path) -> int:
        """Return a run's colour index; a new run gets the least used one."""
        key = str(run.resolve())
        if key not in self._places:
            self._take_kept()
        if key not in self._places:
            taken = Counter(self._places.values())
            self._places[key] = min(range(len(DARK.plot)), key=lambda place: taken[place])
            while len(self._places) > _KEPT:
                del self._places[next(iter(self._places))]
            self._save()
        return self._places[key]

    def _take_kept(self) -> None:
        """Merge the stored assignments, so that saving does not lose those of another window."""
        if self._store is None:
            return
        # Only this reads what another process has written since.
        self._store.sync()
        try:
            kept = parse_object(str(self._store.value(_KEY, "{}")), _MAX_BYTES)
        except ValueError:
            kept = {}
        self._places = {
            run: place % len(DARK.plot) for run, place in kept.items() if isinstance(place, int)
        } | self._places

    def _save(self) -> None:
        if self._store is not None:
            self._store.setValue(_KEY, json.dumps(self._places))
