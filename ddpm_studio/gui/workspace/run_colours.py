"""Colours of runs: the same in every plot, also after a restart."""

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
    """Gives each run a place in the table of plot colours when it is first seen, and keeps it."""

    def __init__(self) -> None:
        self._store: QSettings | None = None
        self._places: dict[str, int] = {}

    def keep_in(self, store: QSettings) -> None:
        """Take what was kept in ``store``, and keep in it what is given from now on."""
        self._store = store
        self._take_kept()

    def move(self, old: Path, new: Path) -> None:
        """Let a run that has another name keep its place."""
        self._take_kept()
        kept = self._places.pop(str(old.resolve()), None)
        if kept is not None:
            self._places[str(new.resolve())] = kept
            self._save()

    def of(self, run: Path) -> int:
        """Return a run's place; a new run takes the one that the fewest have."""
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
        """Take what is kept, also by another window since: it must not be lost when this saves."""
        if self._store is None:
            return
        # Another process has a file of its own until then.
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
