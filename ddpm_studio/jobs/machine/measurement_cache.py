"""Measurement cache of this machine: a small file that may be lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ddpm_studio.runs.atomic import write_bytes
from ddpm_studio.strict_json import read_object

_MOST_KEPT = 32


def read_kept(file: Path, most_bytes: int) -> dict[str, Any]:
    """Return what is kept; a file that can't be understood counts as none."""
    try:
        return read_object(file, most_bytes)
    except (OSError, ValueError):
        return {}


def write_kept(file: Path, kept: Mapping[str, object]) -> None:
    """Keep the newest entries; do without where nothing can be written."""
    newest = dict(list(kept.items())[-_MOST_KEPT:])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, json.dumps(newest, indent=1, ensure_ascii=False).encode())
    except OSError:
        return
