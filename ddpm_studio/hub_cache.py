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
            there = _COMMIT.fullmatch(name) and (snapshots / name).is_dir()
            return snapshots / name if there else None
        versions = [one for one in snapshots.iterdir() if _COMMIT.fullmatch(one.name)]
        found = [one for one in versions if one.is_dir()]
        return max(found, key=lambda one: (one.stat().st_mtime_ns, one.name), default=None)
    return None
