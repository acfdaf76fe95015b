"""Standard output of commands, which carries only results: file names or JSON."""

from __future__ import annotations

import json as json_module
import math
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import DrawingResult


# JSON keys of files written along with the pictures; any other suffix is an animation's.
_NAMES = {".npy": "npy", ".safetensors": "latent"}


def print_json(value: Mapping[str, object]) -> None:
    """Print a JSON object on one line, and flush."""
    print(json_module.dumps(_to_json_types(value), allow_nan=False), flush=True)


def escape_unencodable() -> None:
    """Escape characters that stdout's encoding lacks, as ``\\u03bb``, as stderr does.

    On Windows files and pipes use the local code page, which lacks most symbols in help and tables.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def redirect_stdout_to_null() -> None:
    """Redirect stdout to the null device, after its reader has gone."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def print_drawing(files: Sequence[Path], drawn: DrawingResult, json: bool) -> None:
    """Print the names of the written files or, as JSON, also the recipe of the pictures.

    Args:
        files: the file of the pictures, then the files written along with it.
        drawn: the pictures.
        json: print one JSON object.
    """
    print_files(files, len(drawn.pictures), drawn.recipe, json)


def print_files(
    files: Sequence[Path], count: int, recipe: Mapping[str, object], json: bool
) -> None:
    """Print the written files as :func:`print_drawing`, given the number of pictures and recipe."""
    if json:
        out, *extra_files = files
        extra_names = {_NAMES.get(path.suffix.lower(), "gif"): path for path in extra_files}
        # The recipe's input pictures are in the PNG; here they would be pages of text.
        short_recipe = {key: value for key, value in recipe.items() if key != "inputs"}
        print_json({"out": out, "gif": None, **extra_names, "count": count, "recipe": short_recipe})
    else:
        print(*files, sep="\n")


def event_to_dict(name: str, event: object) -> dict[str, object]:
    """Convert a job's event to a JSON object with its name under "event"."""
    assert is_dataclass(event)
    assert not isinstance(event, type)
    return {"event": name, **asdict(event)}


def _to_json_types(value: Any) -> Any:
    """Convert a value to JSON types: paths to text, NaN and infinity to null."""
    if isinstance(value, Mapping):
        return {str(key): _to_json_types(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_to_json_types(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
