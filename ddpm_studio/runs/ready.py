"""Ready models: run folders that ship with the program, named ``ready:NAME``, never written to."""

from __future__ import annotations

import os
from pathlib import Path

from ddpm_studio import paths
from ddpm_studio.errors import StudioError, plain

PREFIX = "ready:"
"""What the name of a ready model begins with."""


def ready_runs() -> list[Path]:
    """Return the run folders of the models that ship, by name."""
    try:
        found = sorted(paths.models_dir().iterdir())
    except OSError:
        return []
    return [run for run in found if is_ready(run) and paths.is_file(run / "run.json")]


def named_run(given: str | os.PathLike[str]) -> Path:
    """Return the run folder that a path or ``ready:NAME`` names; a path need not be there.

    Raises:
        StudioError: if no model of that name ships; tells which there are.
    """
    text = os.fspath(given)
    if not text.startswith(PREFIX):
        return Path(given)
    name, runs = text.removeprefix(PREFIX), ready_runs()
    for run in runs:
        if run.name == name:
            return run
    there = ", ".join(ready_name(run) for run in runs) or "none"
    raise StudioError(f"There is no ready model {plain(name, 80)!r}.", f"There are: {there}.")


def ready_name(run: Path) -> str:
    """Return ``ready:NAME`` of a ready model."""
    return f"{PREFIX}{run.name}"


def is_ready(run: Path) -> bool:
    """Whether a run folder is that of a ready model."""
    # Most runs lie elsewhere, under names of their own: they are told at a glance.
    models = paths.models_dir()
    if run.name.startswith(".") or not paths.is_there(models / run.name):
        return False
    return run.resolve().parent == models.resolve()


def own_folder(run: Path) -> Path:
    """Return where that lies which a person adds to a run: notes, pictures, measurements.

    It is the run folder itself, and beside the settings for a ready model.
    """
    return paths.config_dir() / "models" / run.resolve().name if is_ready(run) else run


def made_own_folder(run: Path) -> Path:
    """Return :func:`own_folder`; that of a ready model is made if it is not there.

    Raises:
        OSError: if it can't be made.
    """
    folder = own_folder(run)
    if folder is not run:
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def refuse_ready(run: Path, what: str, remedy: str) -> None:
    """Refuse what would change a ready model.

    Args:
        run: any run folder.
        what: the end of the sentence, such as "can't be renamed".
        remedy: what to do instead.

    Raises:
        StudioError: if it is one.
    """
    if is_ready(run):
        raise StudioError(f"{run.name} ships with the program and {what}.", remedy)
