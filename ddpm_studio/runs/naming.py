"""Validation of run names, which are the names of their folders."""

from __future__ import annotations

import re
from pathlib import Path

from ddpm_studio.errors import StudioError

# Characters that Windows doesn't allow in names; other systems allow all but the slash.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_RESERVED_NAME = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# Bytes of UTF-8, which most file systems count; Windows counts UTF-16 units, of which there are
# never more.
_MAX_NAME_BYTES = 255
# Leaves room for a number to be appended.
_MAX_SANITIZED_BYTES = 240


def sanitize_name(stem: str) -> str:
    """Sanitise a text to a valid run name: without forbidden characters, and not too long."""
    clean = _FORBIDDEN.sub(" ", stem).strip(" .")
    if len(encoded := _encode(clean)) > _MAX_SANITIZED_BYTES:
        clean = encoded[:_MAX_SANITIZED_BYTES].decode(errors="ignore").strip(" .")
    clean = clean or "run"
    return f"run {clean}" if _RESERVED_NAME.fullmatch(clean) else clean


def run_path(folder: Path, name: str) -> Path:
    """Return the path of a run of this name in a folder, after validating the name.

    Raises:
        StudioError: if the name is invalid.
    """
    stripped = name.strip()
    if not stripped or stripped in (".", ".."):
        raise StudioError("A run needs a name.", "Write one.")
    forbidden = _FORBIDDEN.search(stripped)
    if forbidden is not None:
        raise StudioError(
            f"{stripped!r} can't be the name of a run.", f"Leave out the {forbidden.group()!r}."
        )
    if stripped.endswith(".") or _RESERVED_NAME.fullmatch(stripped):
        raise StudioError(f"{stripped!r} can't be the name of a run on Windows.", "Choose another.")
    if (length := len(_encode(stripped))) > _MAX_NAME_BYTES:
        raise StudioError(
            f"This name is {length:,} bytes long, and most file systems take no more than "
            f"{_MAX_NAME_BYTES}.",
            "Choose a shorter one.",
        )
    return folder / stripped


def renamed_path(run: Path, name: str) -> Path:
    """Return the path that a run would have under another name.

    Raises:
        StudioError: if the name is invalid or taken.
    """
    new = run_path(run.parent, name)
    # On a case-insensitive file system, another spelling of its own name is not taken.
    if new.exists() and not (run.exists() and new.samefile(run)):
        raise taken(new.name)
    return new


def taken(name: str) -> StudioError:
    """Return the error for a name that another run has already."""
    return StudioError(f"There is a run {name!r} already.", "Choose another name.")


def reserved(name: str) -> StudioError:
    """Return the error for a name that is kept for a training, whose folder does not exist yet."""
    return StudioError(
        f"The name {name!r} belongs to a training that has yet to begin.",
        "Choose another name, or take the training out of the queue.",
    )


def _encode(name: str) -> bytes:
    # File names that are not UTF-8 contain lone surrogates.
    return name.encode(errors="surrogatepass")
