"""Fallback folder where a training saves if its own refuses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ddpm_studio import paths


@dataclass
class FallbackFolder:
    """Where a training may save if its own folder refuses; set at any time, from any thread."""

    folder: Path | None = None


def last_resorts() -> list[Path]:
    """Where a training saves when it ends and both its own folder and the spare one refuse."""
    return [paths.runs_dir(), Path.home()]
