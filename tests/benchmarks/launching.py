"""Processes of their own are launched as an installed program is."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def bytecode_kept() -> Generator[None]:
    """Let what is launched meanwhile keep its bytecode from launch to launch.

    Python may be told to keep none, as test machines are: each launch would then compile our
    source anew, and that of no installed package.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory(prefix="bytecode-") as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder
        yield
