"""Training pictures of a run: from their sources, the cache, or a set shipped with the program."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from ddpm_studio import data
from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.origins import missing, require
from ddpm_studio.data import Dataset
from ddpm_studio.data.samples import SampleSet, named_data, sample_sets
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.pictures import prepare_options
from ddpm_studio.jobs.events import Event, Notice, Pictures
from ddpm_studio.jobs.library.gallery import numbered_pictures
from ddpm_studio.paths import is_there
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.classes import known_classes


def learnt_sources(info: RunInfo, remedy: str = "") -> list[Path]:
    """Return the sources of a run's training pictures.

    Raises:
        StudioError: if they are unknown; with this ``remedy``.
    """
    if info.data is None or not info.data.sources:
        raise StudioError("It is not known what this model was trained on.", remedy)
    return [named_data(source) for source in info.data.sources]


def are_there(info: RunInfo) -> bool:
    """Whether a run's training pictures are available, at their sources or in the cache."""
    try:
        sources = learnt_sources(info)
    except StudioError:
        return False
    return all(map(is_there, sources)) or kept_pictures(info, sources) is not None


def shipped_set(info: RunInfo) -> SampleSet | None:
    """Return the embedded data set that belongs to a packed model, if there is one."""
    name = info.published.sample if info.published else None
    return next((one for one in sample_sets() if one.name == name), None)


def measured_pictures(info: RunInfo, remedy: str) -> Generator[Event, None, Dataset]:
    """Prepare the pictures to measure a model on by default.

    They are those that it was trained on; for a ready model without these, the embedded data
    set that belongs to it, which is reported.

    Args:
        info: the run.
        remedy: remedy of the error if the training pictures are unknown.

    Raises:
        StudioError: if there are no pictures, or they can't be used.
    """
    shipped = shipped_set(info)
    if shipped is not None and not are_there(info):
        yield Notice(
            f"What this model was trained on is not here: {shipped.title}, which ships with the "
            "program, is taken instead."
        )
        return (yield from data.prepare([shipped.path], prepare_options(info)))
    return (yield from learnt_pictures(info, learnt_sources(info, remedy)))


def kept_pictures(info: RunInfo, sources: Sequence[Path]) -> Dataset | None:
    """Return a run's pictures from the cache if ``sources`` are missing; None if they can be read.

    The cache is also used if the plug-in that read them is missing.
    """
    readable = all(is_there(source) for source in sources) and not _readers_gone(info, sources)
    if info.data is None or readable:
        return None
    return data.find_prepared(info.data.fingerprint, sources)


def require_reader(info: RunInfo, sources: Sequence[Path]) -> None:
    """Check that the plug-in that read a run's pictures is installed.

    Raises:
        StudioError: if it is not; it names the plug-in.
    """
    require("Reading these pictures", _readers_gone(info, sources))


def _readers_gone(info: RunInfo, sources: Sequence[Path]) -> dict[str, str]:
    """Return missing plug-ins' data formats that these pictures need, with their origins."""
    recorded = info.data.sources if info.data is not None else ()
    same = [str(source.resolve()) for source in sources] == list(recorded)
    return missing(info.plugins, (DATA_FORMATS.kind,)) if same else {}


def learnt_pictures(info: RunInfo, sources: Sequence[Path]) -> Generator[Event, None, Dataset]:
    """Prepare the pictures that a run was trained on, or return them from the cache.

    Args:
        info: the run.
        sources: as returned by :func:`learnt_sources`.

    Raises:
        StudioError: if they are missing in the cache too, or can't be used.
    """
    kept = kept_pictures(info, sources)
    if kept is not None:
        return kept
    require_reader(info, sources)
    if info.published is not None and not all(map(is_there, sources)):
        names = ", ".join(source.name for source in sources)
        raise StudioError(
            f"The pictures that this model learnt are not on this machine: {names}.",
            "Its model card says where they come from.",
        )
    return (yield from data.prepare(sources, prepare_options(info)))


def some_pictures(run: Path, count: int) -> Pictures:
    """Return pictures like :func:`some_labelled`, uint8 (N, H, W, C), without classes."""
    return some_labelled(run, count)[0]


def some_labelled(run: Path, count: int) -> tuple[Pictures, tuple[str | None, ...]]:
    """Return up to ``count`` training pictures of a run with their classes, evenly spaced.

    If those of a packed model are not available, they are from the embedded data set that belongs
    to it, or from its gallery.

    Returns:
        The pictures, uint8 (N, H, W, C) in the model's size, and the class of each, None without
        classes.

    Raises:
        StudioError: if it is no run, or its pictures are missing in the cache too.
    """
    folder = RunFolder.open(run)
    info = folder.info
    if info.published is not None and not are_there(info):
        shipped = shipped_set(info)
        places = (
            numbered_pictures(folder.samples_dir / "gallery")[:count]
            if shipped is None
            else [shipped.path]
        )
        if places:
            return _labelled_preview(places, info, count)
    sources = learnt_sources(info, "Drop a picture here instead.")
    kept = kept_pictures(info, sources)
    if kept is not None:
        total = len(kept)
        chosen = [k * total // count for k in range(count)] if total > count else range(total)
        spread: Pictures = kept.images[list(chosen)]
        return spread, tuple(map(kept.class_of, chosen))
    return _labelled_preview(sources, info, count)


def _labelled_preview(
    sources: Sequence[Path], info: RunInfo, count: int
) -> tuple[Pictures, tuple[str | None, ...]]:
    by_class = bool(known_classes(info))
    found = data.preview(sources, prepare_options(info), count, classes=by_class)
    return found.pictures, found.classes or (None,) * len(found.pictures)
