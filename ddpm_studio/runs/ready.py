"""Ready models: bundled, read-only run folders that are named ``ready:NAME``."""

from __future__ import annotations

import os
from pathlib import Path

from ddpm_studio import paths
from ddpm_studio.errors import StudioError, printable

PREFIX = "ready:"
"""Prefix of a ready model's name."""


def ready_runs() -> list[Path]:
    """Return the run folders of the bundled models, sorted by name."""
    try:
        found = sorted(paths.models_dir().iterdir())
    except OSError:
        return []
    return [run for run in found if is_ready(run) and paths.is_file(run / "run.json")]


def resolve_run(given: str | os.PathLike[str]) -> Path:
    """Return the run folder that a path or ``ready:NAME`` names; a path need not exist.

    Raises:
        StudioError: if no model of that name is bundled; lists those that are.
    """
    text = os.fspath(given)
    if not text.startswith(PREFIX):
        return Path(given)
    name, runs = text.removeprefix(PREFIX), ready_runs()
    for run in runs:
        if run.name == name:
            return run
    names = ", ".join(ready_name(run) for run in runs) or "none"
    raise StudioError(f"There is no ready model {printable(name, 80)!r}.", f"There are: {names}.")


def ready_name(run: Path) -> str:
    """Return the name ``ready:NAME`` of a ready model's run folder."""
    return f"{PREFIX}{run.name}"


def is_ready(run: Path) -> bool:
    """Whether a run folder is that of a ready model."""
    # Cheap test first: most runs are elsewhere and have names that no ready model has.
    models = paths.models_dir()
    if run.name.startswith(".") or not paths.path_exists(models / run.name):
        return False
    return run.resolve().parent == models.resolve()


def user_files_folder(run: Path) -> Path:
    """Return the folder for user files of a run: notes, pictures, measurements.

    It is the run folder itself, or a folder next to the settings for a ready model.
    """
    return paths.config_dir() / "models" / run.resolve().name if is_ready(run) else run


def make_user_files_folder(run: Path) -> Path:
    """Return :func:`user_files_folder`, creating that of a ready model if it doesn't exist.

    Raises:
        OSError: if it can't be made.
    """
    folder = user_files_folder(run)
    if folder is not run:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def check_not_ready_model(run: Path, what: str, remedy: str) -> None:
    """Refuse an operation that would change a ready model.

    Args:
        run: any run folder.
        what: the end of the error's sentence, such as "can't be renamed".
        remedy: what to do instead.

    Raises:
        StudioError: if the run is a ready model.
    """
    if is_ready(run):
        raise StudioError(f"{run.name} ships with the program and {what}.", remedy)
