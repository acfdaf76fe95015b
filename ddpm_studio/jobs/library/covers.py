"""Cover pictures of runs and data sets: thumbnails for lists, cached on the disk."""

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
from ddpm_studio.data.formats.memory_maps import map_array
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
_MAX_FILES = 64
# Newest pictures of a gallery from which the cover is chosen.
_MAX_GALLERY_PICTURES = 128
# Maximum number of entries listed in a data set to find its folders, breadth first.
_MAX_LISTED = 20_000


@dataclass(frozen=True, eq=False)
class RunCover:
    """Cover of a run: its last samples, None if it has none, and the progress of its training.

    ``step`` is that of the newest checkpoint, None if there is none; while the run is being trained
    (``in_use``), the last step in its metrics. ``total`` is the planned number of steps, None if
    unknown. ``published`` describes a model that was packed for sharing.
    """

    pictures: Pictures | None
    step: int | None
    total: int | None
    in_use: bool
    published: Published | None = None


def run_cover(run: Path, count: int) -> RunCover:
    """Read a run's cover from its newest preview with EMA weights; else from its gallery.

    The gallery is also used for a packed model. Its newest pictures come first, one of each class
    before a second of any.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """
    folder = RunFolder.open(run)
    checkpoints = folder.checkpoints()
    step = checkpoints[-1].step if checkpoints else None
    total = folder.info.request.steps if folder.info.request else None
    in_use = is_in_use(run)
    if in_use:
        last_step = (metrics.read_last(folder.metrics_file) or {}).get("step")
        step = max(step or 0, last_step) if isinstance(last_step, int) else step
    details = step, total, in_use, folder.info.published
    gallery_files = numbered_pictures(folder.samples_dir / "gallery")[
        : -_MAX_GALLERY_PICTURES - 1 : -1
    ]
    # A packed model was given pictures to represent it.
    if (previews := folder.previews()) and not (folder.info.published and gallery_files):
        return RunCover(read_preview(previews[-1]).ema[:count], *details)
    files = _round_robin(gallery_files)[:count]
    pictures = [picture for path in files if (picture := _read(path)) is not None]
    same_shape = [picture for picture in pictures if picture.shape == pictures[0].shape]
    return RunCover(np.stack(same_shape) if same_shape else None, *details)


def data_cover(sources: Sequence[Path], options: PrepareOptions, count: int) -> Pictures:
    """Return some prepared pictures of a data set, uint8 (N, H, W, C), from the cache if possible.

    Raises:
        StudioError: if none of the sources can be used.
    """
    file = paths.cache_dir() / _FOLDER / f"{_key(sources, options, count)}.npy"
    try:
        cached: Pictures = np.array(map_array(file))
    except (OSError, ValueError):
        pass
    else:
        if cached.dtype == np.uint8 and cached.ndim == 4:
            return cached
    pictures = data.preview(sources, options, count).pictures
    _write_cache(file, pictures)
    return pictures


def _round_robin(files: Sequence[Path]) -> list[Path]:
    """Return samples in rounds: one of each class first, then another of each, and so on.

    A packed model holds them class by class, so that the first few would be of one class.
    """
    seen: Counter[object] = Counter()
    rounds = []
    for path in files:
        label = _class_of(path)
        rounds.append(seen[label])
        seen[label] += 1
    return [files[index] for index in sorted(range(len(files)), key=rounds.__getitem__)]


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
    """Return the cache key of pictures: hash of paths, modification times and options."""
    try:
        entries = [(str(path.resolve()), _modification_times(path)) for path in sources]
    except OSError as error:
        raise StudioError(f"{error.filename} can't be read.", "Check that it is there.") from error
    text = json.dumps([entries, options.model_dump(), count])
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _modification_times(source: Path) -> list[int]:
    """Return the modification times of a file, or of a folder and its subfolders.

    Adding a picture changes the modification time of its folder only. The number of listed
    entries is limited.
    """
    times = [source.stat().st_mtime_ns]
    folders = deque([source] if source.is_dir() else [])
    remaining = _MAX_LISTED
    while folders and remaining > 0:
        with suppress(OSError), os.scandir(folders.popleft()) as entries:
            for entry in islice(entries, remaining):
                remaining -= 1
                if entry.is_dir(follow_symlinks=False):
                    times.append(entry.stat().st_mtime_ns)
                    folders.append(Path(entry.path))
    return sorted(times)


def _write_cache(file: Path, pictures: Pictures) -> None:
    """Write pictures to the cache, and delete its oldest files; write errors are ignored."""
    buffer = io.BytesIO()
    np.save(buffer, pictures, allow_pickle=False)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(file, buffer.getvalue())
        files = sorted(file.parent.glob("*.npy"), key=lambda path: path.stat().st_mtime_ns)
        for old in files[:-_MAX_FILES]:
            old.unlink(missing_ok=True)
    except OSError:
        return
