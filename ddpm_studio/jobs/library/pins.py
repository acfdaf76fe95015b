"""Pinned pictures, stored as PNG files in the folder of settings."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from ddpm_studio import paths
from ddpm_studio.jobs.drawing.recipes import Recipe
from ddpm_studio.jobs.events import Event, Pictures, Progress
from ddpm_studio.jobs.library.gallery import DELETED, claim_file, numbered_pictures


@dataclass(frozen=True, eq=False)
class Pin:
    """A pinned picture, uint8 (H, W, C), with its file, and its recipe if known."""

    picture: Pictures
    recipe: Recipe | None
    path: Path


def pin(picture: Pictures, recipe: Recipe | None) -> Generator[Event, None, Pin]:
    """Pin a picture (H, W, C): write it to the folder of pins.

    Raises:
        StudioError: if it can't be written.
        OSError: if the folder can't be made.
    """
    from ddpm_studio.export import save_png

    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True)
    existing = [*numbered_pictures(folder), *numbered_pictures(folder / DELETED)]
    path = claim_file(folder, max((int(path.stem) for path in existing), default=0) + 1)
    save_png(path, picture[None], recipe)
    yield Progress(1, 1, "Pinning")
    return Pin(picture, recipe, path)


def load_pins() -> Generator[Event, None, list[Pin]]:
    """Read all pins, oldest first, and remove deleted ones for good."""
    from ddpm_studio.data import read_picture
    from ddpm_studio.errors import StudioError
    from ddpm_studio.export import read_recipe

    shutil.rmtree(_folder() / DELETED, ignore_errors=True)
    pins = []
    files = numbered_pictures(_folder())
    for number, path in enumerate(files):
        with contextlib.suppress(StudioError):
            pins.append(Pin(read_picture(path, alpha=True), read_recipe(path), path))
        yield Progress(number + 1, len(files), "Reading pins", "pictures")
    return pins


def _folder() -> Path:
    return paths.config_dir() / "pins"
