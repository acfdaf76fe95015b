"""What the window remembers: layout, theme, shortcuts, recent items."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings

from ddpm_studio import paths

_RECENT = 8


def open_settings() -> QSettings:
    """Return the settings, in a file of the program's own configuration folder."""
    folder = paths.config_dir()
    folder.mkdir(parents=True, exist_ok=True)
    return QSettings(str(folder / "settings.ini"), QSettings.Format.IniFormat)


def recent(settings: QSettings, kind: str) -> list[Path]:
    """Return the recent items of a kind ("runs" or "data") that are still there."""
    kept = settings.value(f"recent/{kind}", [])
    names = kept if isinstance(kept, list) else [kept]
    return [path for name in names if (path := Path(str(name))).exists()]


def remember(settings: QSettings, kind: str, items: Sequence[Path]) -> None:
    """Put items at the top of a kind's recent ones."""
    first = [item.resolve() for item in items]
    rest = [path for path in recent(settings, kind) if path not in first]
    settings.setValue(f"recent/{kind}", [str(path) for path in [*first, *rest][:_RECENT]])
