"""Fallback folder, in which a training saves if its own folder can't be written to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ddpm_studio import paths


@dataclass
class FallbackFolder:
    """Mutable fallback folder, None if unset; may be set at any time, from any thread."""

    folder: Path | None = None


def last_resort_folders() -> list[Path]:
    """Return the folders to save in at the end, if both the run's and the fallback folder fail."""
    return [paths.runs_dir(), Path.home()]
