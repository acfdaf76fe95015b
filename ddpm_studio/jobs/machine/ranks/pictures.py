"""Pictures that rank 0 has, on the machine of another rank."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import filelock

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.engine.generators import finish
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import cache_dir
from ddpm_studio.requests import PrepareOptions


def prepared_here(fingerprint: str, sources: Sequence[Path], options: PrepareOptions) -> Dataset:
    """Return the pictures that rank 0 has: prepared once on each machine.

    Args:
        fingerprint: of the prepared pictures.
        sources: where they came from.
        options: how they were prepared.

    Raises:
        StudioError: if they are others here.
    """
    if found := data.find_prepared(fingerprint, sources):
        return found
    cache_dir().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache_dir() / f"preparing-{fingerprint[:16]}.lock"):
        # Another rank of this machine may have done it meanwhile.
        if found := data.find_prepared(fingerprint, sources):
            return found
        made: Dataset = finish(data.prepare(sources, options))
    if made.fingerprint != fingerprint:
        raise StudioError(
            "The pictures are others than rank 0 has.",
            "Name pictures by a path where all machines find the same.",
        )
    return made
