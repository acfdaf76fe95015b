"""Names of runs, and so of their folders."""

from __future__ import annotations

import re
from pathlib import Path

from ddpm_studio.errors import StudioError

# What Windows does not allow in a name; other systems allow all but the slash.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')
_DEVICE = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def cleaned(stem: str) -> str:
    """Return a text without what can't stand in a name."""
    clean = _FORBIDDEN.sub(" ", stem).strip(" .") or "run"
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
