"""Paths of resources, caches, runs and settings; robust file checks and renames."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import platformdirs

TEMP_PREFIX = ".writing-"
"""Prefix of the temporary name of a file or folder that is still being written."""

# Seconds between tries; none on systems other than Windows, whose refusals are final.
_RETRY_DELAYS = (0.01, 0.03, 0.1, 0.3, 0.6) if os.name == "nt" else ()

_PACKAGE = Path(__file__).resolve().parent


MISSING = "does not exist"


def why_unreachable(path: Path) -> str | None:
    """Return why a path can't be reached, such as "does not exist"; None if it can."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return MISSING
    except OSError as error:
        return f"can't be reached: {error.strerror}"
    return None


def path_exists(path: Path) -> bool:
    """Whether a path exists; ``Path.exists`` raises for one in a folder without permission."""
    return why_unreachable(path) is None


def is_file(path: Path) -> bool:
    """Whether a path is a file; False where ``is_file`` would raise, see :func:`path_exists`."""
    return path_exists(path) and path.is_file()


def temporary_path(folder: Path) -> Path:
    """Return a new random path for a temporary file in a folder, to be renamed when complete.

    Files made by ``tempfile`` are readable by their owner alone, also after the rename; but a
    cache is shared between machines and people.
    """
    return folder / f".{os.urandom(16).hex()}.tmp"


def rename_with_retries(move: Callable[[Path, Path], object], source: Path, target: Path) -> None:
    """Rename with retries: on Windows for about a second while another program holds the file.

    Windows can't rename or replace a file that is open: virus scanners and indexers open each new
    file, and so does any reader at that moment.

    Args:
        move: such as ``os.replace``.
        source: the path to rename.
        target: the new path.

    Raises:
        OSError: if it can't be renamed.
    """
    for delay in _RETRY_DELAYS:
        try:
            move(source, target)
        except PermissionError:
            time.sleep(delay)
        else:
            return
    move(source, target)


def resources_dir() -> Path:
    """Return the resource folder (icons, data, examples, models) of a wheel or a source tree."""
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def examples_dir() -> Path:
    """Return the folder of examples of the Python interface: a notebook and scripts."""
    return resources_dir() / "examples"


def models_dir() -> Path:
    """Return the folder of the bundled models; ``DDPM_STUDIO_MODELS`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_MODELS")
    return Path(override) if override else resources_dir() / "models"


def cache_dir() -> Path:
    """Return the cache folder, which can be deleted; ``DDPM_STUDIO_CACHE`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_CACHE")
    return Path(override) if override else Path(platformdirs.user_cache_dir("ddpm-studio"))


def runs_dir() -> Path:
    """Return the window's default folder for new runs; ``DDPM_STUDIO_RUNS`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_RUNS")
    return (
        Path(override) if override else Path(platformdirs.user_documents_dir()) / "DDPM Studio runs"
    )


def config_dir() -> Path:
    """Return the folder of settings and logs; ``DDPM_STUDIO_CONFIG`` overrides it."""
    override = os.environ.get("DDPM_STUDIO_CONFIG")
    return Path(override) if override else Path(platformdirs.user_config_dir("ddpm-studio"))
