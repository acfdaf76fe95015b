"""The cache of the Hugging Face Hub: files under their hashes, and versions as links to them."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

_COMMIT = re.compile(r"[0-9a-f]{1,64}")


def newest_version(folder: Path) -> Path | None:
    """Return the newest version in a folder of the cache, such as ``models--a--b``; None: none."""
    with suppress(OSError, ValueError):
        name = (folder / "refs" / "main").read_text("ascii").strip()
        if _COMMIT.fullmatch(name) and (folder / "snapshots" / name).is_dir():
            return folder / "snapshots" / name
    return None
