"""Pictures that could not be read as they were asked for, kept so that this can be corrected."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ddpm_studio.errors import Failure
from ddpm_studio.requests import PrepareOptions


class RefusedData(NamedTuple):
    """What was to be opened, and why it could not be.

    Attributes:
        sources: the files or folders.
        options: how they were to be read; others may do.
        failure: the reason, and what to do.
    """

    sources: tuple[Path, ...]
    options: PrepareOptions
    failure: Failure
