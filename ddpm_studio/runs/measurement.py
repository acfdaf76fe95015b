"""Stored measurements of a run, RUN/bits/KEY.json: results to reuse, partial sums to resume."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from ddpm_studio.runs import atomic
from ddpm_studio.runs.ready import make_user_files_folder, user_files_folder
from ddpm_studio.strict_json import read_object

_MAX_BYTES = 64 << 20
_FORMAT = 1


class Measurement:
    """One measurement's file: its parameters, partial sums, and the result once complete.

    Args:
        run: the run folder.
        parameters: everything that determines the result, as JSON; its hash is the file's name.
    """

    def __init__(self, run: Path, parameters: dict[str, Any]) -> None:
        # Normalised as JSON, to compare equal with what is read from the file.
        self.parameters = json.loads(json.dumps({**parameters, "format": _FORMAT}))
        text = json.dumps(self.parameters, sort_keys=True)
        key = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        self._run = run
        self.path = user_files_folder(run) / "bits" / f"{key}.json"

    def read(self) -> dict[str, Any]:
        """Return the content written last; empty if the file is missing or damaged."""
        try:
            content = read_object(self.path, _MAX_BYTES)
        except (OSError, ValueError):
            return {}
        return content if content.get("asked") == self.parameters else {}

    def write(self, content: dict[str, Any]) -> None:
        """Replace the file atomically.

        Raises:
            OSError: if the run folder can't be written to.
        """
        make_user_files_folder(self._run)
        self.path.parent.mkdir(exist_ok=True)
        full_content = {"asked": self.parameters, **content}
        atomic.write_bytes(self.path, json.dumps(full_content, indent=1).encode())
