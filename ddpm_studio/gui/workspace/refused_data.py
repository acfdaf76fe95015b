"""Failed opening of pictures, kept so that the user can correct its options."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from ddpm_studio.errors import Failure
from ddpm_studio.requests import PrepareOptions


class RefusedData(NamedTuple):
    """Sources and options of pictures that could not be opened, and the failure.

    Attributes:
        sources: the files or folders.
        options: the options they were to be read with; others may work.
        failure: the reason, and how to remedy it.
    """

    sources: tuple[Path, ...]
    options: PrepareOptions
    failure: Failure
