"""Standard output of commands: data, and nothing else."""

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
    from ddpm_studio.jobs.events import Drawn


# What is written beside the pictures, if it is no animation.
_NAMES = {".npy": "npy", ".safetensors": "latent"}


def emit(value: Mapping[str, object]) -> None:
    """Write one JSON object on a line of its own, at once."""
    print(json_module.dumps(_plain(value), allow_nan=False), flush=True)


def spell_out_unknown_signs() -> None:
    """Write a sign that stdout's encoding lacks as ``\\u03bb``, as stderr does, and fail at none.

    On Windows a file or a pipe has the code page of the place, which knows few of those that help
    and tables are written with.
    """
    if isinstance(sys.stdout, TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def forget_stdout() -> None:
    """Let what is still said on stdout go nowhere: whoever read has gone."""
    sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123


def tell_drawn(files: Sequence[Path], drawn: Drawn, json: bool) -> None:
    """Tell which files were written, and for machines what made the pictures.

    Args:
        files: the pictures, then what was written beside them.
        drawn: the pictures.
        json: as one JSON object.
    """
    tell_written(files, len(drawn.pictures), drawn.recipe, json)


def tell_written(
    files: Sequence[Path], count: int, recipe: Mapping[str, object], json: bool
) -> None:
    """Tell as :func:`tell_drawn` of so many pictures and what made them."""
    if json:
        out, *others = files
        named = {_NAMES.get(path.suffix.lower(), "gif"): path for path in others}
        # The pictures it was drawn from lie in the PNG; here they would be pages of text.
        told = {key: value for key, value in recipe.items() if key != "inputs"}
        emit({"out": out, "gif": None, **named, "count": count, "recipe": told})
    else:
        print(*files, sep="\n")


def as_event(name: str, event: object) -> dict[str, object]:
    """Return a job's event as a JSON object with its name."""
    assert is_dataclass(event)
    assert not isinstance(event, type)
    return {"event": name, **asdict(event)}


def _plain(value: Any) -> Any:
    """Make a value of what JSON has: paths as text, numbers that are none as null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
