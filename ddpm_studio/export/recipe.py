"""Recipes: JSON metadata in a picture's or animation's file on how it was made."""

from __future__ import annotations

import json
from pathlib import Path

from PIL.PngImagePlugin import PngInfo

from ddpm_studio import __version__
from ddpm_studio.errors import StudioError
from ddpm_studio.export import text_metadata
from ddpm_studio.export.text_metadata import MAX_RECIPE_BYTES, RECIPE_KEY
from ddpm_studio.strict_json import parse_object, require_file

ZOOM_KEY = "zoom"


def recipe_text(recipe: dict[str, object]) -> str:
    """Serialise a recipe to JSON in ASCII.

    Raises:
        ValueError: if it can't be JSON, or is too long to be read back.
    """
    content = json.dumps(recipe, allow_nan=False)
    if len(content) > MAX_RECIPE_BYTES:
        raise ValueError(f"the recipe has {len(content)} bytes, at most {MAX_RECIPE_BYTES}")
    return content


def zoomed_recipe(recipe: dict[str, object], zoom: int) -> dict[str, object]:
    """Return a recipe with the integer zoom factor at which its file shows the picture."""
    return recipe if zoom == 1 else {**recipe, ZOOM_KEY: zoom}


def zoom_of(recipe: dict[str, object] | None) -> int:
    """Return the integer zoom factor at which a file shows its picture; 1 if not recorded."""
    value = None if recipe is None else recipe.get(ZOOM_KEY)
    return value if type(value) is int and value > 1 else 1


def png_text(recipe: dict[str, object] | None) -> PngInfo:
    """Return the text chunks for a PNG: the software, and the recipe.

    Raises:
        ValueError: as :func:`recipe_text`.
    """
    text = PngInfo()
    text.add_text("Software", f"DDPM Studio {__version__}")
    if recipe is not None:
        text.add_text(RECIPE_KEY, recipe_text(recipe))
    return text


def read_recipe(path: Path) -> dict[str, object] | None:
    """Return the recipe in a PNG, GIF, WebP or MP4, or None if it has none.

    The format is detected from the content, not the name. No pixel is decoded, and at most one MiB
    of text is read. The recipe is untrusted JSON: validate it as a request before use.

    Raises:
        StudioError: if the file can't be read.
    """
    try:
        require_file(path)
        with path.open("rb") as file:
            content = text_metadata.find_recipe(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise StudioError(f"{path} can't be read: {reason}.", "Check the path.") from error
    if content is None:
        return None
    try:
        return parse_object(content.decode("ascii"), MAX_RECIPE_BYTES)
    except ValueError:
        return None
