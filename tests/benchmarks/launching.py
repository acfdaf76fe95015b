"""Processes of their own, launched as an installed program is."""

from __future__ import annotations

import os
import tempfile
from functools import cache


@cache
def _bytecode() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bytecode-")


def environment(**own: str) -> dict[str, str]:
    """Return the environment, off the screen unless it says otherwise, with ``own`` added.

    Python may be told to keep no bytecode, as test machines are: each launch would then compile
    our source anew, and that of no installed package. Here it is kept from launch to launch, in
    a folder that lasts as long as this process.
    """
    found = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **own}
    found.pop("PYTHONDONTWRITEBYTECODE", None)
    return found | {"PYTHONPYCACHEPREFIX": _bytecode().name}
