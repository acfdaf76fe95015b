"""Names of runs, and so of their folders."""

from __future__ import annotations

import re
from pathlib import Path

from ddpm_studio.errors import StudioError

# What Windows does not allow in a name; other systems allow all but the slash.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
# Of UTF-8, in which most file systems count; those of Windows count less of the same name.
_MOST_BYTES = 255
# Leaves room for a number behind it.
_MOST_CLEANED = 240


def cleaned(stem: str) -> str:
    """Return a text without what can't stand in a name, and no longer than one can be."""
    clean = _FORBIDDEN.sub(" ", stem).strip(" .")
    if len(written := _written(clean)) > _MOST_CLEANED:
        clean = written[:_MOST_CLEANED].decode(errors="ignore").strip(" .")
    clean = clean or "run"
    return f"run {clean}" if _DEVICE.fullmatch(clean) else clean


def named(folder: Path, name: str) -> Path:
    """Return where a run of this name lies in a folder.

    Raises:
        StudioError: if it can't be a name.
    """
    chosen = name.strip()
    if not chosen or chosen in (".", ".."):
        raise StudioError("A run needs a name.", "Write one.")
    wrong = _FORBIDDEN.search(chosen)
    if wrong is not None:
        raise StudioError(
            f"{chosen!r} can't be the name of a run.", f"Leave out the {wrong.group()!r}."
        )
    if chosen.endswith(".") or _DEVICE.fullmatch(chosen):
        raise StudioError(f"{chosen!r} can't be the name of a run on Windows.", "Choose another.")
    if (length := len(_written(chosen))) > _MOST_BYTES:
        raise StudioError(
            f"This name is {length:,} bytes long, and most file systems take no more than "
            f"{_MOST_BYTES}.",
            "Choose a shorter one.",
        )
    return folder / chosen


def renamed(run: Path, name: str) -> Path:
    """Return where a run would lie under another name.

    Raises:
        StudioError: if it can't be a name, or is taken.
    """
    new = named(run.parent, name)
    # Where capitals make no difference, another spelling of its own name is not taken.
    if new.exists() and not (run.exists() and new.samefile(run)):
        raise taken(new.name)
    return new


def taken(name: str) -> StudioError:
    """Return what to say where a run of that name is there already."""
    return StudioError(f"There is a run {name!r} already.", "Choose another name.")


def _written(name: str) -> bytes:
    # A file's name that is no UTF-8 has half characters.
    return name.encode(errors="surrogatepass")
