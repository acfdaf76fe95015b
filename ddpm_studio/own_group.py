"""Process group of the programs that this one starts, where they are not to hear its interrupts."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

# An interrupt at the terminal is for this program; it ends the others itself.
OWN_GROUP: dict[str, Any] = {"process_group": 0}
"""What ``Popen`` is asked for; on Windows no console opens for them either."""

if sys.platform == "win32":
    OWN_GROUP = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
