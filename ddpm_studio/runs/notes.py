"""User notes on a run, tags and free text: ``notes.json``, separate from ``run.json``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio.errors import StudioError
from ddpm_studio.runs import atomic
from ddpm_studio.runs.ready import make_user_files_folder, user_files_folder
from ddpm_studio.strict_json import read_object

_FILE = "notes.json"
_FORMAT = 1
_MAX_BYTES = 1 << 20
_MAX_TAGS, _MAX_TAG_LENGTH = 20, 40


@dataclass(frozen=True)
class Notes:
    """Tags in the order in which they were given, and free text."""

    tags: tuple[str, ...] = ()
    text: str = ""

    @property
    def first_line(self) -> str:
        """The first non-blank line of the text."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")


def parse_tags(text: str) -> tuple[str, ...]:
    """Parse comma-separated tags, without duplicates."""
    found = (" ".join(part.split())[:_MAX_TAG_LENGTH] for part in text.split(","))
    return tuple(dict.fromkeys(tag for tag in found if tag))[:_MAX_TAGS]


def read_notes(run: Path) -> Notes:
    """Return the notes on a run; empty if the file is missing or invalid."""
    return find_notes(run) or Notes()


def find_notes(run: Path) -> Notes | None:
    """Return the notes on a run, possibly empty; None if the file is missing or invalid."""
    file = user_files_folder(run) / _FILE
    try:
        content = read_object(file, _MAX_BYTES)
    except (OSError, ValueError):
        return None
    if content.get("format") != _FORMAT:
        return None
    tags, text = content.get("tags"), content.get("text")
    tag_list = tags if isinstance(tags, list) else []
    return Notes(
        parse_tags(",".join(tag for tag in tag_list if isinstance(tag, str))),
        text if isinstance(text, str) else "",
    )


def write_notes(run: Path, notes: Notes) -> None:
    """Replace the notes on a run atomically.

    Raises:
        StudioError: if they are too long, or the run's folder can't be written to.
    """
    content = {"format": _FORMAT, "tags": list(notes.tags), "text": notes.text}
    encoded = json.dumps(content, indent=1, ensure_ascii=False).encode()
    if len(encoded) > _MAX_BYTES:
        raise StudioError(
            f"The notes on {run.name} are longer than 1 MiB.",
            "Keep long texts in a file elsewhere.",
        )
    try:
        atomic.write_bytes(make_user_files_folder(run) / _FILE, encoded)
    except OSError as error:
        raise StudioError(
            f"The notes on {run.name} can't be saved: {error.strerror or error}.",
            "Check that its folder is there and may be written to.",
        ) from error
