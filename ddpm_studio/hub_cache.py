"""The cache of the Hugging Face Hub: files under their hashes, and versions as links to them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{1,64}")


def newest_version(folder: Path) -> Path | None:
    """Return the newest version in a folder of the cache, such as ``models--a--b``; None: none.

    What ``refs/main`` names, or else what was fetched last: another branch may have been asked for.
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
