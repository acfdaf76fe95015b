"""Cache of measurements of this machine: a small JSON file that may be deleted at any time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ddpm_studio.runs.atomic import write_bytes
from ddpm_studio.strict_json import read_object

_MAX_ENTRIES = 32


def read_cache(file: Path, max_bytes: int) -> dict[str, Any]:
    """Return the cached entries by key; an unreadable file counts as empty."""
    try:
        return read_object(file, max_bytes)
    except (OSError, ValueError):
        return {}


def write_cache(file: Path, entries: Mapping[str, object]) -> None:
    """Write the newest entries to the cache file; write errors are ignored."""
    newest = dict(list(entries.items())[-_MAX_ENTRIES:])
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, json.dumps(newest, indent=1, ensure_ascii=False).encode())
    except OSError:
        return
