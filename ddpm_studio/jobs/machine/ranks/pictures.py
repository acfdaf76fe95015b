"""Prepared data set on the machine of a rank other than 0."""

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


def prepare_locally(fingerprint: str, sources: Sequence[Path], options: PrepareOptions) -> Dataset:
    """Return the same prepared data set as rank 0 has, preparing it once on each machine.

    Args:
        fingerprint: fingerprint of rank 0's data set.
        sources: files and folders of the pictures.
        options: how the pictures were prepared.

    Raises:
        StudioError: if the pictures on this machine are different ones.
    """
    if prepared := data.find_prepared(fingerprint, sources):
        return prepared
    cache_dir().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache_dir() / f"preparing-{fingerprint[:16]}.lock"):
        # Another rank of this machine may have prepared it meanwhile.
        if prepared := data.find_prepared(fingerprint, sources):
            return prepared
        dataset: Dataset = finish(data.prepare(sources, options))
    if dataset.fingerprint != fingerprint:
        raise StudioError(
            "The pictures are others than rank 0 has.",
            "Name pictures by a path where all machines find the same.",
        )
    return dataset
