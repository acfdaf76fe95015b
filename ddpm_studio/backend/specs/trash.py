"""The place that the system's trash needs."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QStandardPaths


def make_room() -> None:
    """Make the folder that holds a person's trash on Linux, where a new account has none yet.

    ``QFile.moveToTrash`` makes the trash in it, but refuses where the folder itself is missing.
    Where it can't be made, there is no trash, as before.
    """
    if sys.platform in ("win32", "darwin"):
        return
    where = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    with suppress(OSError):
        # For nobody else, as the XDG Base Directory Specification asks.
        Path(where).mkdir(mode=0o700, parents=True, exist_ok=True)
