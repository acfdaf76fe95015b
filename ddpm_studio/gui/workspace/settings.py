"""Settings of the whole program, and where they are kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field, field_validator
from PySide6.QtCore import QObject, QSettings, Signal

from ddpm_studio import paths
from ddpm_studio.gui.theme.theme import Mode
from ddpm_studio.gui.workspace.settings_file import put_aside_unless_text
from ddpm_studio.picture_shape import parse_bands
from ddpm_studio.requests import Device, Precision, Request


class Settings(Request):
    """Every setting is described once, here; the dialogue is made from it.

    ``section`` is the heading that a setting stands under.
    """

    theme: Mode = Field(
        "system",
        title="Theme",
        description="system: as the desktop, also when that changes.",
        json_schema_extra={"section": "Looks"},
    )
    bands: str = Field(
        "1,2,3",
        title="Bands",
        description="Which of more than four channels are seen as red, green and blue, such as "
        "4,3,2.",
        json_schema_extra={"section": "Looks"},
    )
    runs_folder: str | None = Field(
        None,
        title="Folder of runs",
        description="New runs, with their samples and galleries, are put here; "
        "empty: DDPM Studio runs in your documents.",
        json_schema_extra={"section": "Files", "folder": True},
    )
    saved_size: Literal["ask", "exact", "256", "512", "1024"] = Field(
        "ask",
        title="Size of saved pictures",
        description="ask: at the first one that is small. exact: a pixel of the file for each of "
        "the picture. A number: enlarged by a whole factor to at most so many pixels.",
        json_schema_extra={"section": "Files"},
    )
    device: Device = Field(
        "auto",
        title="Device",
        description="What auto means in every form; auto: the GPU if there is one.",
        json_schema_extra={"section": "Machine"},
    )
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="What auto means in every form; auto: bf16 where the device does it well.",
        json_schema_extra={"section": "Machine"},
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="CPU threads",
        description="How many compute at once; empty: as many as there are cores. "
        "Another number can change a picture in its last bits.",
        json_schema_extra={"section": "Machine"},
    )
    measure: bool = Field(
        True,
        title="Measure this machine",
        description="Once for each size of picture, while nothing else runs, a few seconds of "
        "training steps are timed to say how long a training will take.",
        json_schema_extra={"section": "Machine"},
    )
    plugins: bool = Field(
        True,
        title="Use plug-ins",
        description="What other installed packages add to the lists of samplers, networks and "
        "the like; from the next start on.",
        json_schema_extra={"section": "Plug-ins"},
    )
    notify: bool = Field(
        True,
        title="Tell when a long job ends",
        description="A notification of the desktop, if the window is not in front.",
        json_schema_extra={"section": "Notifications"},
    )
    notify_after: int = Field(
        60,
        ge=1,
        le=86400,
        title="Tell from, in seconds",
        description="Jobs that took less end quietly.",
        json_schema_extra={"section": "Notifications"},
    )

    @field_validator("bands")
    @classmethod
    def _check_bands(cls, bands: str) -> str:
        parse_bands(bands)
        return bands


def section(key: str) -> str:
    """Return the heading that a setting stands under."""
    extra = Settings.model_fields[key].json_schema_extra
    return str(extra["section"]) if isinstance(extra, dict) else ""


class Preferences(QObject):
    """The settings in use, kept in ``store`` one by one as JSON.

    A kept value that is not allowed any more counts as never set.
    """

    changed = Signal(str)
    """The name of the setting that has another value now."""

    def __init__(self, store: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.checks: dict[str, Callable[[Settings], None]] = {}
        """Of a setting that must go with what is open: raises ValueError where it does not."""
        self.now = Settings()
        for key in Settings.model_fields:
            kept = store.value(_key(key))
            if kept is not None:
                try:
                    self.now = _with(self.now, key, json.loads(str(kept)))
                except (ValueError, RecursionError):
                    store.remove(_key(key))

    def set(self, key: str, value: object) -> None:
        """Change a setting and keep it.

        Raises:
            ValueError: the value is not allowed (:class:`ValidationError`), or does not go with
                what is open; nothing is changed.
        """
        wanted = _with(self.now, key, value)
        if wanted == self.now:
            return
        if key in self.checks:
            self.checks[key](wanted)
        self.now = wanted
        if self.is_default(key):
            self._store.remove(_key(key))
        else:
            self._store.setValue(_key(key), json.dumps(getattr(wanted, key)))
        self.changed.emit(key)

    def is_default(self, key: str) -> bool:
        """Whether a setting is as it was at first."""
        return bool(getattr(self.now, key) == default(key))

    def reset(self) -> None:
        """Go back to how everything was at first."""
        for key in Settings.model_fields:
            self.set(key, default(key))


def default(key: str) -> Any:
    """Return what a setting is at first; KeyError if there is none."""
    return Settings.model_fields[key].default


def open_settings() -> QSettings:
    """Return what the window remembers, in a file of the program's own configuration folder.

    Without such a folder, or beside a file that must not be read and can't be moved, it is
    remembered until the program ends: then it has no name of a file.
    """
    path = paths.config_dir() / "settings.ini"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        put_aside_unless_text(path)
    except OSError:
        return QSettings("", QSettings.Format.IniFormat)
    return QSettings(str(path), QSettings.Format.IniFormat)


def _with(settings: Settings, key: str, value: object) -> Settings:
    return Settings.model_validate({**settings.model_dump(), key: value})


def _key(key: str) -> str:
    return f"settings/{key}"
