"""Cover pictures that tell a run, or a set of pictures, from others at a glance."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from ddpm_studio import data, paths
from ddpm_studio.data.formats.mapped import map_array
from ddpm_studio.errors import StudioError
from ddpm_studio.export.recipe import read_recipe
from ddpm_studio.jobs.drawing.picture_files import label_at
from ddpm_studio.jobs.drawing.recipes import index_of
from ddpm_studio.jobs.events import Pictures
from ddpm_studio.jobs.library.gallery import numbered_pictures
from ddpm_studio.jobs.library.preview_sheets import read_preview
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, metrics
from ddpm_studio.runs.atomic import write_bytes
from ddpm_studio.runs.info import Published
from ddpm_studio.runs.lock import is_in_use

_FOLDER = "covers"
_MOST_FILES = 64
# Of a gallery, of which a few are chosen.
_MOST_LOOKED_AT = 128
# Of a set, to find the folders in it: all of one depth before those within them.
_MOST_LISTED = 20_000


@dataclass(frozen=True, eq=False)
class RunCover:
    """The last samples of a run, None if it has none, and how far its training is.

    ``step`` is that of the newest checkpoint, None where nothing is saved; while it is being
    trained (``in_use``), the last one taken. ``total`` is how many steps were planned, None where
    that is not known.
    ``published`` is what a model that was packed to be shared says of itself.
    """

    pictures: Pictures | None
    step: int | None
    total: int | None
    in_use: bool
    published: Published | None = None


def run_cover(run: Path, count: int) -> RunCover:
    """Read the newest preview of a run, drawn with EMA; without one, or if packed, its gallery.

    Of the gallery the newest come first, one of each class before a second of any.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    folder = RunFolder.open(run)
    checkpoints = folder.checkpoints()
    step = checkpoints[-1].step if checkpoints else None
    total = folder.info.request.steps if folder.info.request else None
    in_use = is_in_use(run)
    if in_use:
        told_last = (metrics.last(folder.metrics_file) or {}).get("step")
        step = max(step or 0, told_last) if isinstance(told_last, int) else step
    told = step, total, in_use, folder.info.published
    kept = numbered_pictures(folder.samples_dir / "gallery")[: -_MOST_LOOKED_AT - 1 : -1]
    # A model that was packed has been given pictures to be shown by.
    if (previews := folder.previews()) and not (folder.info.published and kept):
        return RunCover(read_preview(previews[-1]).ema[:count], *told)
    shown = _in_turn(kept)[:count]
    pictures = [picture for path in shown if (picture := _read(path)) is not None]
    alike = [one for one in pictures if one.shape == pictures[0].shape]
    return RunCover(np.stack(alike) if alike else None, *told)


def data_cover(sources: Sequence[Path], options: PrepareOptions, count: int) -> Pictures:
    """Return some prepared pictures, uint8 (N, H, W, C); kept in the cache for the next time.

    Raises:
        StudioError: if none of the sources can be used.
    """
    file = paths.cache_dir() / _FOLDER / f"{_key(sources, options, count)}.npy"
    try:
        kept: Pictures = np.array(map_array(file))
    except (OSError, ValueError):
        pass
    else:
        if kept.dtype == np.uint8 and kept.ndim == 4:
            return kept
    pictures = data.preview(sources, options, count).pictures
    _keep(file, pictures)
    return pictures


def _in_turn(files: Sequence[Path]) -> list[Path]:
    """Return samples with one of each class first, then another of each, and so on.

    A model that was packed holds them class by class: the first few would be of one.
    """
    seen: Counter[object] = Counter()
    turns = []
    for path in files:
        label = _class_of(path)
        turns.append(seen[label])
        seen[label] += 1
    return [files[place] for place in sorted(range(len(files)), key=turns.__getitem__)]


def _class_of(path: Path) -> int | None:
    try:
        recipe = read_recipe(path) or {}
    except StudioError:
        return None
    return label_at(recipe, index_of(recipe))


def _read(path: Path) -> Pictures | None:
    try:
        return data.read_picture(path, alpha=True)
    except StudioError:
        return None


def _key(sources: Sequence[Path], options: PrepareOptions, count: int) -> str:
    """Name the pictures by where they lie and when that was changed last."""
    try:
        places = [(str(path.resolve()), _changed(path)) for path in sources]
    except OSError as error:
        raise StudioError(f"{error.filename} can't be read.", "Check that it is there.") from error
    told = json.dumps([places, options.model_dump(), count])
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _changed(source: Path) -> list[int]:
    """Return when a file, or a folder and those in it, were changed last: as far as is quick.

    A picture that is added changes the time of the folder alone that it lies in.
    """
    times = [source.stat().st_mtime_ns]
    folders = deque([source] if source.is_dir() else [])
    left = _MOST_LISTED
    while folders and left > 0:
        with suppress(OSError), os.scandir(folders.popleft()) as entries:
            for entry in islice(entries, left):
                left -= 1
                if entry.is_dir(follow_symlinks=False):
                    times.append(entry.stat().st_mtime_ns)
                    folders.append(Path(entry.path))
    return sorted(times)


def _keep(file: Path, pictures: Pictures) -> None:
    """Write into the cache, where only the newest files stay; do without if it can't be done."""
    buffer = io.BytesIO()
    np.save(buffer, pictures, allow_pickle=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, buffer.getvalue())
        files = sorted(file.parent.glob("*.npy"), key=lambda path: path.stat().st_mtime_ns)
        for old in files[:-_MOST_FILES]:
            old.unlink(missing_ok=True)
    except OSError:
        return
