"""Training pictures of a run: from their sources, the cache, or a set shipped with the program."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from ddpm_studio import data
from ddpm_studio.catalogue.data_formats import DATA_FORMATS
from ddpm_studio.catalogue.origins import missing, require
from ddpm_studio.data import Dataset
from ddpm_studio.data.labels.selection import LabelsNotFoundError
from ddpm_studio.data.samples import SampleSet, resolve_data_path, sample_sets
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.pictures import (
    options_for_files,
    options_for_levels,
    options_like_training,
    prepare_options,
    range_notices,
)
from ddpm_studio.jobs.events import Event, Notice, Pictures
from ddpm_studio.jobs.library.gallery import numbered_pictures
from ddpm_studio.paths import path_exists
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunFolder, RunInfo
from ddpm_studio.runs.classes import known_classes


def training_sources(info: RunInfo, remedy: str = "") -> list[Path]:
    """Return the sources of the pictures that a run was trained on last.

    Raises:
        StudioError: if they are unknown; with this ``remedy``.
    """
    if info.newest_data is None or not info.newest_data.sources:
        raise StudioError("It is not known what this model was trained on.", remedy)
    return [resolve_data_path(source) for source in info.newest_data.sources]


def has_training_pictures(info: RunInfo) -> bool:
    """Whether a run's training pictures are available, at their sources or in the cache."""
    try:
        sources = training_sources(info)
    except StudioError:
        return False
    return all(map(path_exists, sources)) or cached_pictures(info, sources) is not None


def embedded_data_set(info: RunInfo) -> SampleSet | None:
    """Return the embedded data set that belongs to a packed model, if there is one."""
    name = info.published.sample if info.published else None
    return next((sample for sample in sample_sets() if sample.name == name), None)


def prepare_evaluation_pictures(info: RunInfo, remedy: str) -> Generator[Event, None, Dataset]:
    """Prepare the pictures to measure a model on by default.

    They are those that it was trained on; for a ready model without these, the embedded data
    set that belongs to it, which is reported.

    Args:
        info: the run.
        remedy: remedy of the error if the training pictures are unknown.

    Raises:
        StudioError: if there are no pictures, or they can't be used.
    """
    shipped = embedded_data_set(info)
    if shipped is not None and not has_training_pictures(info):
        yield Notice(
            f"What this model was trained on is not here: {shipped.title}, which ships with the "
            "program, is taken instead."
        )
        return (yield from data.prepare([shipped.path], prepare_options(info)))
    return (yield from prepare_training_pictures(info, training_sources(info, remedy)))


def cached_pictures(info: RunInfo, sources: Sequence[Path]) -> Dataset | None:
    """Return a run's pictures from the cache if ``sources`` are missing; None if they can be read.

    The cache is also used if the plug-in that read them is missing.
    """
    readable = all(path_exists(source) for source in sources) and not _missing_readers(
        info, sources
    )
    if info.newest_data is None or readable:
        return None
    return data.find_prepared(info.newest_data.fingerprint, sources)


def require_reader(info: RunInfo, sources: Sequence[Path]) -> None:
    """Check that the plug-in that read a run's pictures is installed.

    Raises:
        StudioError: if it is not; it names the plug-in.
    """
    require("Reading these pictures", _missing_readers(info, sources))


def _missing_readers(info: RunInfo, sources: Sequence[Path]) -> dict[str, str]:
    """Return missing plug-ins' data formats that these pictures need, with their origins."""
    recorded = _are_recorded(info, sources)
    return missing(info.plugins, (DATA_FORMATS.kind,)) if recorded else {}


def prepare_training_pictures(
    info: RunInfo, sources: Sequence[Path]
) -> Generator[Event, None, Dataset]:
    """Prepare the pictures that a run was trained on, or return them from the cache.

    Args:
        info: the run.
        sources: as returned by :func:`training_sources`.

    Raises:
        StudioError: if they are missing in the cache too, or can't be used.
    """
    cached = cached_pictures(info, sources)
    if cached is not None:
        return cached
    require_reader(info, sources)
    if info.published is not None and not all(map(path_exists, sources)):
        names = ", ".join(source.name for source in sources)
        raise StudioError(
            f"The pictures that this model learnt are not on this machine: {names}.",
            "Its model card says where they come from.",
        )
    return (yield from _prepare(sources, options_like_training(info)))


def _prepare(sources: Sequence[Path], options: PrepareOptions) -> Generator[Event, None, Dataset]:
    """Prepare pictures, and yield a notice if they are not in the range of the training's."""
    dataset = yield from data.prepare(sources, options)
    yield from range_notices(options, dataset.ranges)
    return dataset


def options_for_given(info: RunInfo, sources: Sequence[Path]) -> PrepareOptions:
    """Return how to prepare pictures that are given for a run in place of its own.

    For its own, which may be in the cache, these are the options that they were prepared with, and
    the ranges that their values are expected in.
    """
    recorded = _are_recorded(info, sources)
    return options_like_training(info) if recorded else options_for_files(info, sources)


def _are_recorded(info: RunInfo, sources: Sequence[Path]) -> bool:
    """Whether these are the recorded sources of the pictures that a run was trained on last."""
    recorded = info.newest_data.sources if info.newest_data is not None else ()
    return [str(source.resolve()) for source in sources] == list(recorded)


def prepare_given_pictures(
    info: RunInfo, sources: Sequence[Path], *, are_prepared: bool = False
) -> Generator[Event, None, Dataset]:
    """Prepare pictures that are given for a run in place of its own.

    Where the classes of a network without classes are not found as they were in training, they are
    found as for any set, which is reported.

    Args:
        info: the run.
        sources: files and folders of the pictures.
        are_prepared: whether they have been prepared for the run before, so that only their levels
            are read.

    Raises:
        StudioError: if they can't be used.
    """
    if are_prepared:
        return (yield from data.prepare(sources, options_for_levels(info)))
    options = options_for_given(info, sources)
    try:
        return (yield from _prepare(sources, options))
    except LabelsNotFoundError as error:
        if known_classes(info):
            raise
        yield Notice(f"{error.cause} They are not needed, so the pictures are read without them.")
    return (yield from _prepare(sources, options.model_copy(update={"labels": None})))


def example_pictures(run: Path, count: int) -> Pictures:
    """Return the pictures of :func:`labelled_example_pictures`, uint8 (N, H, W, C)."""
    return labelled_example_pictures(run, count)[0]


def labelled_example_pictures(run: Path, count: int) -> tuple[Pictures, tuple[str | None, ...]]:
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
    if info.published is not None and not has_training_pictures(info):
        shipped = embedded_data_set(info)
        files = (
            numbered_pictures(folder.samples_dir / "gallery")[:count]
            if shipped is None
            else [shipped.path]
        )
        if files:
            return _labelled_preview(files, info, count)
    sources = training_sources(info, "Drop a picture here instead.")
    cached = cached_pictures(info, sources)
    if cached is not None:
        indices = cached.evenly_spaced(count)
        pictures: Pictures = cached.images[indices]
        return pictures, tuple(map(cached.class_of, indices))
    return _labelled_preview(sources, info, count)


def _labelled_preview(
    sources: Sequence[Path], info: RunInfo, count: int
) -> tuple[Pictures, tuple[str | None, ...]]:
    by_class = bool(known_classes(info))
    options = options_for_files(info, sources)
    found = data.preview(sources, options, count, classes=by_class)
    return found.pictures, found.classes or (None,) * len(found.pictures)
