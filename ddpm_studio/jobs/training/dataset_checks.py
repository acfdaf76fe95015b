"""Checks of a data set before training: shape and classes, and reports on size and batch."""

from __future__ import annotations

from collections.abc import Sequence

from ddpm_studio import data
from ddpm_studio.data import Dataset, Reject
from ddpm_studio.durations import format_count
from ddpm_studio.engine.sizes import side_text, size_text
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.requests import PrepareOptions
from ddpm_studio.runs import RunInfo

_MAX_NAMED = 5
_MAX_NAME_LENGTH = 40


def check_shape(info: RunInfo, dataset: Dataset) -> None:
    """Raise StudioError for pictures or classes that a run's network does not take."""
    config, shape = info.network_config(), info.picture_shape
    if dataset.shape != shape:
        raise StudioError(
            f"The network takes {side_text(shape.width, shape.height)}-px pictures with "
            f"{format_count(shape.channels, 'channel')}, these are "
            f"{side_text(dataset.shape.width, dataset.shape.height)} px with "
            f"{dataset.channels}.",
            "Prepare the pictures as the network takes them, or start a new run.",
        )
    if config.num_classes is not None and len(dataset.class_names) != config.num_classes:
        raise StudioError(
            f"The network knows {format_count(config.num_classes, 'class', 'classes')}, these "
            f"pictures have {len(dataset.class_names)}.",
            "Train on pictures of the same classes, or start a new run.",
        )
    known = info.data.class_names if info.data else ()
    if config.num_classes is None or len(known) != config.num_classes:
        return
    # Classes are numbered: another name at the same number would be taken for that class.
    pairs = zip(known, dataset.class_names, strict=True)
    for trained_name, given_name in ((a, b) for a, b in pairs if a != b):
        raise StudioError(
            f"The network knows a class {printable(trained_name, _MAX_NAME_LENGTH)!r}, where these "
            f"pictures have {printable(given_name, _MAX_NAME_LENGTH)!r}.",
            "Name the classes as in training, or fine-tune the run as a new one.",
        )


def describe_rejects(rejects: Sequence[Reject]) -> str:
    """Return a sentence on how many pictures were left out, naming the first of them."""
    described = [f"{reject.name} ({reject.reason})" for reject in rejects[:_MAX_NAMED]]
    more = [f"and {len(rejects) - _MAX_NAMED:,} more"] if len(rejects) > _MAX_NAMED else []
    return f"{format_count(len(rejects), 'picture')} left out: {', '.join(described + more)}."


def describe_size(
    dataset: Dataset, options: PrepareOptions, multiple: int, preset: str | None
) -> str:
    """Return a sentence on the training size and its reason, or "" if the pictures have it.

    Args:
        dataset: the data set.
        options: how the pictures were prepared.
        multiple: divisor of both sides that the network needs.
        preset: the network's preset; None if it has none.
    """
    sizes = [size_text(width, height) for (width, height), _ in dataset.report.sizes[:2]]
    size = size_text(dataset.shape.width, dataset.shape.height)
    if options.image_size is not None or sizes == [size]:
        return ""
    original = (
        f"they are {sizes[0]}" if len(sizes) == 1 else f"they are of sizes such as {sizes[0]}"
    )
    reason = "a size that suits them was chosen"
    if data.choose_size(dataset.report.sizes, 1) != dataset.image_size:
        network = "the network" if preset is None else f"the network {preset}"
        reason = f"{network} takes sides that are multiples of {multiple}"
    return f"Trained at {size} px, {original}: {reason}. --image-size chooses another size."


def describe_large_batch(batch: int, count: int) -> str:
    """Return a sentence on a batch larger than the data set: how often it has each picture."""
    return (
        f"Each step takes every picture {batch / count:.2g} times: the batch ({batch:,}) is larger "
        f"than the set ({count:,}). A batch of at most {count:,} makes shorter steps."
    )
