"""Atomic file writes: a temporary file in the same folder, then a rename."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.paths import TEMP_PREFIX, rename_with_retries


def check_destination(path: Path, suffixes: Collection[str]) -> None:
    """Check before long work that a file can be written.

    Args:
        path: the file to be written later.
        suffixes: valid suffixes, in lower case, with their dot.

    Raises:
        StudioError: for another suffix, a missing folder or one that can't be written to.
    """
    check_suffix(path, suffixes)
    with _wrap_os_errors(path):
        temporary = _temporary(path)
        temporary.touch()
        temporary.unlink()


def check_suffix(path: Path, suffixes: Collection[str]) -> None:
    """Check the suffix of a path.

    Raises:
        StudioError: if it is not one of ``suffixes``; lists them.
    """
    if path.suffix.lower() not in suffixes:
        *others, last = sorted(suffixes)
        choice = f"{', '.join(others)} or {last}" if others else last
        kind = f"ends with {path.suffix}" if path.suffix else "has no ending"
        raise StudioError(f"{path} {kind}.", f"Choose a name that ends with {choice}.")


@contextlib.contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Context manager of an atomic write: yields a temporary path, then renames it to ``path``.

    The temporary file is in the same folder. If the body raises, it is removed, and an existing
    file is unchanged.

    Raises:
        StudioError: if the folder is missing or the file can't be written.
    """
    with _wrap_os_errors(path):
        temporary = _temporary(path)
        try:
            yield temporary
            rename_with_retries(Path.replace, temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    # Random: the path's own name may be as long as the disk allows, two jobs may be writing it at
    # once, and process ids repeat on other machines. The suffix is kept, as some encoders choose
    # the format by it.
    return path.with_name(f"{TEMP_PREFIX}{os.urandom(8).hex()}{path.suffix}")


@contextlib.contextmanager
def _wrap_os_errors(path: Path) -> Iterator[None]:
    """Context manager that converts system errors to a StudioError that names the path."""
    try:
        if path.is_dir():
            raise StudioError(f"{path} is a folder.", "Give the name of a file in it.")
        if not path.parent.is_dir():
            raise StudioError(
                f"The folder {path.parent} does not exist.", "Make it first, or choose another."
            )
        yield
    except OSError as error:
        raise StudioError(
            f"{path} can't be written: {error.strerror or error}.",
            "Choose a folder that you may write to and that has space.",
        ) from error
