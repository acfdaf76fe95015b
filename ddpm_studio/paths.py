"""Paths: what ships with the program, what it caches, what it remembers."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

WRITING = ".writing-"
"""What the name of a file begins with until it is whole."""

# Seconds between tries; elsewhere than on Windows what is refused stays refused.
_WAITS = (0.01, 0.03, 0.1, 0.3, 0.6) if os.name == "nt" else ()

_PACKAGE = Path(__file__).resolve().parent


MISSING = "does not exist"


def why_unreachable(path: Path) -> str | None:
    """Say what keeps anybody from a path, as "does not exist"; None if nothing does."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return MISSING
    except OSError as error:
        return f"can't be reached: {error.strerror}"
    return None


def is_there(path: Path) -> bool:
    """Whether something is there; ``Path.exists`` raises for what lies in a folder that is shut."""
    return why_unreachable(path) is None


def is_file(path: Path) -> bool:
    """Whether a file is there, where ``Path.is_file`` raises as ``Path.exists`` does."""
    return is_there(path) and path.is_file()


def unfinished(folder: Path) -> Path:
    """Return a new name for what is written in a folder before it takes its own.

    What tempfile makes nobody else may read, and it stays so: machines and people share a cache.
    """
    return folder / f".{os.urandom(16).hex()}.tmp"


def patiently(move: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    """Rename something, and try again for a second where another program holds it.

    On Windows nothing is renamed, or replaced, while it is open: a virus scanner or an indexer
    opens each file that is new, and so does whoever reads it at that moment.

    Args:
        move: such as ``os.replace``.
        source: what is renamed.
        target: where it shall be.

    Raises:
        OSError: if it can't be renamed.
    """
    for wait in _WAITS:
        try:
            move(source, target)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    move(source, target)


def resources_dir() -> Path:
    """Return the folder of icons, data, examples and models, in a wheel or in a source tree."""
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def examples_dir() -> Path:
    """Return the folder of the notebook and the scripts that show how Python is used."""
    return resources_dir() / "examples"


def models_dir() -> Path:
    """Return the folder of the models that ship; ``DDPM_STUDIO_MODELS`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_MODELS")
    return Path(override) if override else resources_dir() / "models"


def cache_dir() -> Path:
    """Return the folder of what can be made anew; ``DDPM_STUDIO_CACHE`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("ddpm-studio"))


def runs_dir() -> Path:
    """Return the folder where the window puts new runs; ``DDPM_STUDIO_RUNS`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_RUNS")
    return (
        Path(override) if override else Path(platformdirs.user_documents_dir()) / "DDPM Studio runs"
    )


def config_dir() -> Path:
    """Return the folder of settings and logs; ``DDPM_STUDIO_CONFIG`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_CONFIG")
    return Path(override) if override else Path(platformdirs.user_config_dir("ddpm-studio"))
