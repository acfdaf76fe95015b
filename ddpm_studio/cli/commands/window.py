"""``ddpm-studio [PATH…]``: open the window."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Annotated

import typer

from ddpm_studio.cli.table import COMMANDS
from ddpm_studio.data.samples import resolve_data_path, sample_set
from ddpm_studio.errors import StudioError
from ddpm_studio.runs.ready import resolve_run

_INSTALL = "Install PySide6-Essentials and pyqtgraph, or use the commands of ddpm-studio --help."


def _parse_paths(given: list[Path] | None) -> list[Path]:
    return [resolve_data_path(resolve_run(path)) for path in given or ()]


def _parse_sample(sample: str | None) -> str | None:
    return None if sample is None else sample_set(sample).name


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATH",
            help="Pictures, folders, archives or a run; sample:NAME or ready:NAME.",
            callback=_parse_paths,
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option(
            "--sample",
            metavar="NAME",
            help="Begin with a sample set, as sample:NAME does.",
            callback=_parse_sample,
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open the window on pictures or a run; also without this word."""
    for path in paths or []:
        if not path.exists():
            raise StudioError(f"There is no file or folder {path}.", _suggest_command(str(path)))
    from ddpm_studio.gui.platform.display_check import (
        check_display,
        check_xcb_plugin,
        missing_library,
    )

    check_display(os.environ)
    try:
        from PySide6.QtCore import QLibraryInfo

        from ddpm_studio.gui.shell.app import run_window
    except ImportError as error:
        if not (error.name or "").startswith(("PySide6", "shiboken6", "pyqtgraph")):
            raise
        raise StudioError(
            f"The window needs PySide6, which can't be loaded here: {error}.",
            missing_library(str(error)) or _INSTALL,
        ) from error
    check_xcb_plugin(Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)), os.environ)
    raise typer.Exit(run_window(paths or [], sample))


def _suggest_command(word: str) -> str:
    matches = difflib.get_close_matches(word, COMMANDS, n=1)
    if matches:
        return f"Did you mean the command {matches[0]}?"
    return "Check the path; ddpm-studio --help lists the commands."
