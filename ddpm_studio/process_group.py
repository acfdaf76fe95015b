"""Process group for child processes, so that Ctrl-C at the terminal doesn't reach them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

# An interrupt at the terminal is for this program, which ends its children itself.
NEW_PROCESS_GROUP: dict[str, Any] = {"process_group": 0}
"""Keyword arguments of ``subprocess.Popen``; on Windows no console window opens either."""

if sys.platform == "win32":
    NEW_PROCESS_GROUP = {
        "creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
    }
