"""Strict JSON from files that anybody may have written: bounded, unambiguous, an object."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any


def parse_object(
    text: str | bytes, most: int, *, nan: bool = False, infinity: bool = False
) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Args:
        text: UTF-8 where it is bytes.
        most: the largest length that is read at all.
        nan: whether NaN and Infinity, which are not JSON, are taken as numbers.
        infinity: the same of Infinity alone.

    Raises:
        ValueError: too long, not JSON, nested too deeply, no object, a key that occurs twice,
            or NaN where it is not asked for. The message fits into a line.
    """
    if len(text) > most:
        raise ValueError(f"it is longer than {most:,} bytes")
    try:
        taken = float if nan else _infinite if infinity else _refuse
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=taken)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def read_object(
    path: Path, most: int, *, nan: bool = False, infinity: bool = False
) -> dict[str, Any]:
    """Return the JSON object in a file, as :func:`parse_object`.

    Raises:
        OSError: it can't be read.
        ValueError: as :func:`parse_object`, or it is no plain file.
    """
    return parse_object(read_bounded(path, most), most, nan=nan, infinity=infinity)


def read_bounded(path: Path, most: int) -> bytes:
    """Return a file's bytes; a pipe or a device, which may never end, is not opened.

    Raises:
        OSError: it can't be read.
        ValueError: it is longer than ``most``, or no plain file.
    """
    require_file(path)
    with path.open("rb") as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise ValueError(f"it is longer than {most:,} bytes")
    return content


def require_file(path: Path) -> os.stat_result:
    """Return the stat of a plain file.

    Raises:
        OSError: it can't be reached.
        ValueError: it is something else.
    """
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("it is no plain file")
    return info


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _infinite(constant: str) -> object:
    return _refuse(constant) if constant == "NaN" else float(constant)


def _refuse(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
