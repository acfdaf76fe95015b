"""Where else a training may save."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass
class Spare:
    """Where a training may save if its own folder refuses; set at any time, from any thread."""

    folder: Path | None = None
