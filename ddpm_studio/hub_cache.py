"""Hugging Face Hub cache layout: blobs named by hash, and snapshots that link to them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{1,64}")


def newest_snapshot(folder: Path) -> Path | None:
    """Return the newest snapshot in a folder of the cache, such as ``models--a--b``; None: none.

    It is the commit in ``refs/main`` or, without that file (another branch was downloaded), the
    snapshot that was downloaded last.
    """
    snapshots, main = folder / "snapshots", folder / "refs" / "main"
    with suppress(OSError, ValueError):
        if main.is_file():
            name = main.read_text("ascii").strip()
            exists = _COMMIT.fullmatch(name) and (snapshots / name).is_dir()
            return snapshots / name if exists else None
        versions = [entry for entry in snapshots.iterdir() if _COMMIT.fullmatch(entry.name)]
        found = [entry for entry in versions if entry.is_dir()]
        return max(found, key=lambda entry: (entry.stat().st_mtime_ns, entry.name), default=None)
    return None
