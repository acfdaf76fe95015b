"""Refuse at once what would fail after minutes of preparing pictures."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ddpm_studio.cli.options import option_name
from ddpm_studio.errors import StudioError
from ddpm_studio.paths import WRITING
from ddpm_studio.requests import PrepareOptions, TrainRequest

# A resumed training may take these from the command line.
_MAY_DIFFER = {"steps", "device"}


def check_new_run(run: Path) -> None:
    """Refuse a place where no new run can be written.

    Raises:
        StudioError: if there is a run, or something else, or it can't be written to.
    """
    if (run / "run.json").exists():
        raise StudioError(f"{run} holds a run already.", "Choose another --run or add --resume.")
    if run.exists() and not run.is_dir():
        raise StudioError(f"{run} is a file.", "Choose a folder for --run.")
    # The folder itself or the nearest one above that is there.
    there = next(path for path in (run.absolute(), *run.absolute().parents) if path.exists())
    try:
        # What a crash has left of a run before its first file is no run.
        if run.is_dir() and any(not path.name.startswith(WRITING) for path in run.iterdir()):
            raise StudioError(f"The folder {run} is not empty.", "Choose a new one for --run.")
        with tempfile.TemporaryDirectory(dir=there, prefix=".ddpm-studio-"):
            pass
    except OSError as error:
        raise StudioError(
            f"The run folder {run} can't be made: {error.strerror or error}.",
            "Choose a folder that you may write to.",
        ) from error


def check_same_settings(
    given: Mapping[str, object], request: TrainRequest, options: PrepareOptions
) -> None:
    """Refuse options that name another value than the run was begun with.

    Raises:
        StudioError: naming the first that differs.
    """
    recorded = {**request.model_dump(), **options.model_dump()}
    for name, value in given.items():
        if name in recorded and name not in _MAY_DIFFER and value != recorded[name]:
            flag = option_name(name)
            raise StudioError(
                f"The run was begun with {flag} {recorded[name]}, which can't become {value}.",
                f"Leave {flag} out, or start a new run.",
            )
