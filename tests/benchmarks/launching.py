"""Launching of separate processes, with a bytecode cache as an installed program has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def bytecode_kept() -> Generator[None]:
    """Keep the bytecode of processes launched in the block from launch to launch.

    Python may be configured to write none, as on test machines: each launch would then compile our
    source again, but not that of installed packages.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="bytecode-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield
