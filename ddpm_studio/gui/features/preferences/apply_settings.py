"""Applying settings, when they are changed and at the start of the program."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal

from ddpm_studio import paths
from ddpm_studio.backend import specs
from ddpm_studio.gui.platform.images import band_selection
from ddpm_studio.gui.theme.theme import current_theme
from ddpm_studio.gui.workspace.settings import Preferences, Settings
from ddpm_studio.gui.workspace.studio import Studio
from ddpm_studio.picture_shape import MAX_COLOUR_CHANNELS, check_bands, parse_bands

_COMPUTING = ("device", "precision", "threads")


class SettingsApplier(QObject):
    """Applies settings when they change; those of jobs and notices are read where they are used."""

    device_chosen = Signal(object)
    """Emitted with device and precision in words, once a change of theirs has been applied."""
    folder_chosen = Signal(Path)
    """Emitted with the folder in which new runs are created from now on."""

    def __init__(self, preferences: Preferences, studio: Studio) -> None:
        super().__init__(studio)
        self._preferences, self._studio = preferences, studio
        self._last_warning: str | None = None
        preferences.checks["bands"] = self._check_bands
        preferences.changed.connect(self._on_changed)
        for signal in (studio.run_changed, studio.data_changed):
            signal.connect(self._on_opened)

    def begin(self) -> None:
        """Apply the settings that are not at their defaults."""
        for key in Settings.model_fields:
            # One job applies device, precision and threads.
            if key not in _COMPUTING[1:] and not self._is_default(key):
                self._on_changed(key)

    def _check_bands(self, settings: Settings) -> None:
        """Raise ValueError for bands that the open pictures or the open model do not have."""
        for channels in self._open_band_counts():
            check_bands(channels, parse_bands(settings.bands))

    def _open_band_counts(self) -> set[int]:
        """Return the numbers of bands, of those above four, of the open pictures and model."""
        view, dataset = self._studio.run_view, self._studio.dataset
        counts = {
            0 if view is None else view.summary.channels,
            0 if dataset is None else dataset.channels,
        }
        return {channels for channels in counts if channels > MAX_COLOUR_CHANNELS}

    def _on_opened(self) -> None:
        """Notify, once, that the bands of the setting can't be shown with what is open."""
        warning = None
        try:
            self._check_bands(self._preferences.now)
        except ValueError as error:
            warning = str(error)
        if warning is not None and warning != self._last_warning:
            line = self.tr("The first three bands are shown: {0}. Settings say which are seen.")
            self._studio.notify(line.format(warning))
        self._last_warning = warning

    def _is_default(self, key: str) -> bool:
        keys = _COMPUTING if key in _COMPUTING else (key,)
        return all(self._preferences.is_default(name) for name in keys)

    def _on_changed(self, key: str) -> None:
        settings = self._preferences.now
        if key == "theme":
            current_theme().mode = settings.theme
        elif key == "bands":
            band_selection().bands = parse_bands(settings.bands)
        elif key == "runs_folder":
            folder = (
                Path(settings.runs_folder).expanduser()
                if settings.runs_folder
                else paths.runs_dir()
            )
            self._studio.runs_folder = folder
            self.folder_chosen.emit(folder)
        elif key in _COMPUTING:
            spec = specs.machine.use_device(settings.device, settings.precision, settings.threads)
            job = self._studio.backend.submit(spec)
            job.on_finished(self.device_chosen)
            job.on_failed(self._studio.notify)
