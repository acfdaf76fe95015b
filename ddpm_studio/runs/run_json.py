"""The file ``run.json`` of a run folder: its largest size and its content; no import of torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ddpm_studio.strict_json import read_object

#: Largest file that is read, in bytes: names some 400,000 files, of a base model and of its own.
MAX_BYTES = 32 << 20
#: Largest file of a new run, which leaves room for changes recorded when the run is resumed.
MAX_NEW_BYTES = MAX_BYTES - (1 << 20)


def read_run_json(run: Path) -> dict[str, Any]:
    """Return the content of a run's ``run.json``, unchecked.

    Raises:
        OSError: if it can't be read.
        ValueError: if it is too long, or no JSON object.
    """
    return read_object(run / "run.json", MAX_BYTES)
