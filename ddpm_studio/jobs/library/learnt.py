"""The pictures that a run was trained on, also when they are where they were no more."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from ddpm_studio import data
from ddpm_studio.data import Dataset
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.pictures import prepare_options
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.paths import is_there
from ddpm_studio.runs import RunFolder, RunInfo


def learnt_sources(info: RunInfo, remedy: str = "") -> list[Path]:
    """Return where a run's pictures came from.

    Raises:
        StudioError: if it does not know; with this ``remedy``.
    """
    if info.data is None or not info.data.sources:
        raise StudioError("It is not known what this model was trained on.", remedy)
    return [Path(source) for source in info.data.sources]


def kept_pictures(info: RunInfo, sources: Sequence[Path]) -> Dataset | None:
    """Return a run's pictures from the cache if some of ``sources`` are gone; None: read those."""
    if info.data is None or all(is_there(source) for source in sources):
        return None
    return data.find_prepared(info.data.fingerprint, sources)


def learnt_pictures(info: RunInfo, sources: Sequence[Path]) -> Generator[Event, None, Dataset]:
    """Prepare the pictures that a run was trained on, or take those that were kept.

    Args:
        info: the run.
        sources: what :func:`learnt_sources` returned.

    Raises:
        StudioError: if they are gone and were not kept, or can't be used.
    """
    kept = kept_pictures(info, sources)
    if kept is not None:
        return kept
    return (yield from data.prepare(sources, prepare_options(info)))


def some_pictures(run: Path, count: int) -> Pictures:
    """Return up to ``count`` of the pictures that a run was trained on, spread over the set.

    Returns:
        uint8 (N, H, W, C) of the model's size.

    Raises:
        StudioError: if it is no run, or its pictures are gone and were not kept.
    """
    info = RunFolder.open(run).info
    sources = learnt_sources(info, "Drop a picture here instead.")
    kept = kept_pictures(info, sources)
    if kept is not None:
        total = len(kept)
        chosen = [k * total // count for k in range(count)] if total > count else range(total)
        spread: Pictures = kept.images[list(chosen)]
        return spread
    pictures: Pictures = data.preview(sources, prepare_options(info), count).pictures
    return pictures
