"""What made a picture, kept in the text of its PNG and read back with care."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from PIL.PngImagePlugin import PngInfo

from ddpm_studio import __version__
from ddpm_studio.errors import StudioError
from ddpm_studio.strict_json import parse_object, require_file

RECIPE_KEY = "ddpm-studio"

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_RECIPE_BYTES = 1 << 20
# Recipes are written before the pixels; a file that hides them behind more than this is not ours.
_MAX_CHUNKS = 256


def png_text(recipe: dict[str, object] | None) -> PngInfo:
    """Return the text chunks of a PNG: the software, and the recipe as JSON in plain ASCII.

    Raises:
        ValueError: if the recipe is not JSON or too long to be read back.
    """
    text = PngInfo()
    text.add_text("Software", f"DDPM Studio {__version__}")
    if recipe is not None:
        content = json.dumps(recipe, allow_nan=False)
        if len(content) > MAX_RECIPE_BYTES:
            raise ValueError(f"the recipe has {len(content)} bytes, at most {MAX_RECIPE_BYTES}")
        text.add_text(RECIPE_KEY, content)
    return text


def read_recipe(path: Path) -> dict[str, object] | None:
    """Return the recipe in a PNG, or None if it has none of ours or is no PNG.

    No pixel is decoded, and at most one MiB is read. The content is JSON, but comes from a
    file: validate it as a request before use.

    Raises:
        StudioError: if the file can't be read.
    """
    try:
        require_file(path)
        with path.open("rb") as file:
            content = _find(file)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise StudioError(f"{path} can't be read: {why}.", "Check the path.") from error
    if content is None:
        return None
    try:
        return parse_object(content.decode("ascii"), MAX_RECIPE_BYTES)
    except ValueError:
        return None


def _find(file: BinaryIO) -> bytes | None:
    """Walk through the chunks before the pixels to ours, its checksum verified."""
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return None
    prefix = RECIPE_KEY.encode() + b"\0"
    for _ in range(_MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return None
        length, kind = struct.unpack(">I4s", header)
        if kind in (b"IDAT", b"IEND"):
            return None
        if kind != b"tEXt" or length > MAX_RECIPE_BYTES + len(prefix):
            file.seek(length + 4, 1)
            continue
        body, checksum = file.read(length), file.read(4)
        if body.startswith(prefix):
            whole = checksum == struct.pack(">I", zlib.crc32(kind + body))
            return body[len(prefix) :] if whole else None
    return None
