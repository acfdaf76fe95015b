"""Creation of the folder that the system's trash needs on Linux."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QStandardPaths


def create_data_folder() -> None:
    """Create the user's data folder on Linux, in which the trash is; new accounts have none.

    ``QFile.moveToTrash`` creates the trash in it, but fails if the folder itself is missing. If it
    can't be created, there is no trash.
    """
    if sys.platform in ("win32", "darwin"):
        return
    location = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.GenericDataLocation)
    with suppress(OSError):
        # Mode 0700, as the XDG Base Directory Specification requires.
        Path(location).mkdir(mode=0o700, parents=True, exist_ok=True)
