"""Settings of the whole program, persisted in ``settings.ini`` by ``QSettings``."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import Field, field_validator
from PySide6.QtCore import QObject, QSettings, Signal

from ddpm_studio import paths
from ddpm_studio.gui.theme.theme import Mode
from ddpm_studio.gui.workspace.settings_file import quarantine_unless_text
from ddpm_studio.picture_shape import parse_bands
from ddpm_studio.requests import Device, Precision, Request


class Settings(Request):
    """All settings, described in one place; the settings dialog is generated from the fields.

    ``section`` is the heading under which a setting is listed.
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
    """Return the heading under which a setting is listed."""
    schema = Settings.model_fields[key].json_schema_extra
    return str(schema["section"]) if isinstance(schema, dict) else ""


class Preferences(QObject):
    """Settings in use, each persisted in ``store`` as JSON.

    A stored value that is no longer valid is discarded.
    """

    changed = Signal(str)
    """Emitted with the name of a setting that has changed."""

    def __init__(self, store: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.checks: dict[str, Callable[[Settings], None]] = {}
        """Validators by setting: raise ValueError if the value does not suit what is open."""
        self.now = Settings()
        for key in Settings.model_fields:
            stored = store.value(_key(key))
            if stored is not None:
                try:
                    self.now = _with(self.now, key, json.loads(str(stored)))
                except (ValueError, RecursionError):
                    store.remove(_key(key))

    def set(self, key: str, value: object) -> None:
        """Change a setting and store it.

        Raises:
            ValueError: the value is invalid (:class:`ValidationError`), or does not suit what is
                open (see :attr:`checks`); nothing is changed.
        """
        settings = _with(self.now, key, value)
        if settings == self.now:
            return
        if key in self.checks:
            self.checks[key](settings)
        self.replace(settings)

    def replace(self, settings: Settings) -> None:
        """Replace and store all settings, as for a reset or its undo.

        They are not checked against what is open (see :attr:`checks`): the defaults are always
        valid, and the settings in use may be older than what is open.
        """
        previous, self.now = self.now, settings
        for key in Settings.model_fields:
            if getattr(settings, key) == getattr(previous, key):
                continue
            if self.is_default(key):
                self._store.remove(_key(key))
            else:
                self._store.setValue(_key(key), json.dumps(getattr(settings, key)))
            self.changed.emit(key)

    def is_default(self, key: str) -> bool:
        """Whether a setting has its default value."""
        return bool(getattr(self.now, key) == default(key))

    def reset(self) -> None:
        """Reset all settings to their defaults."""
        self.replace(Settings())


def default(key: str) -> Any:
    """Return the default value of a setting; KeyError if there is no such setting."""
    return Settings.model_fields[key].default


def open_settings() -> QSettings:
    """Return the window's persistent settings, in a file of the configuration folder.

    If the folder can't be made, or the file must not be read and can't be renamed, the settings
    last until the program ends; their ``fileName()`` is then empty.
    """
    path = paths.config_dir() / "settings.ini"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        quarantine_unless_text(path)
    except OSError:
        return QSettings("", QSettings.Format.IniFormat)
    return QSettings(str(path), QSettings.Format.IniFormat)


def _with(settings: Settings, key: str, value: object) -> Settings:
    return Settings.model_validate({**settings.model_dump(), key: value})


def _key(key: str) -> str:
    return f"settings/{key}"
