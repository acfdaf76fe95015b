"""Strict JSON parser for untrusted files: bounded in size, no duplicate keys, an object."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any


def parse_object(
    text: str | bytes, max_bytes: int, *, nan: bool = False, infinity: bool = False
) -> dict[str, Any]:
    """Parse a JSON object.

    Args:
        text: the JSON; UTF-8 if bytes.
        max_bytes: the largest accepted length.
        nan: accept NaN and ±Infinity, which are not JSON, as numbers.
        infinity: accept ±Infinity but not NaN.

    Raises:
        ValueError: if it is too long, not JSON, nested too deeply or no object, has a duplicate
            key, or NaN or Infinity that are not accepted. The message fits on one line.
    """
    if len(text) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes:,} bytes")
    try:
        parse_constant = float if nan else _parse_infinity if infinity else _reject_constant
        value = json.loads(
            text, object_pairs_hook=_reject_duplicate_keys, parse_constant=parse_constant
        )
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is no JSON object")
    return value


def read_object(
    path: Path, max_bytes: int, *, nan: bool = False, infinity: bool = False
) -> dict[str, Any]:
    """Read a file with a JSON object, as :func:`parse_object`.

    Raises:
        OSError: if it can't be read.
        ValueError: as :func:`parse_object`, or if it is not a regular file.
    """
    return parse_object(read_bounded(path, max_bytes), max_bytes, nan=nan, infinity=infinity)


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """Read a file of limited size; pipes and devices, which may never end, are not opened.

    Raises:
        OSError: if it can't be read.
        ValueError: if it is longer than ``max_bytes`` bytes, or not a regular file.
    """
    require_file(path)
    with path.open("rb") as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ValueError(f"it is longer than {max_bytes:,} bytes")
    return content


def require_file(path: Path) -> os.stat_result:
    """Return the stat of a regular file.

    Raises:
        OSError: if it can't be reached.
        ValueError: if it is not a regular file.
    """
    info = path.stat()
    if not stat.S_ISREG(info.st_mode):
        raise ValueError("it is no plain file")
    return info


def _reject_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _parse_infinity(constant: str) -> object:
    return _reject_constant(constant) if constant == "NaN" else float(constant)


def _reject_constant(constant: str) -> object:
    raise ValueError(f"{constant} is not JSON")
