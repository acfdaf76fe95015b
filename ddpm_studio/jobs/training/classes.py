"""Class conditioning: whether a training learns the classes of its pictures."""

from __future__ import annotations

from ddpm_studio.data import Dataset
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import known_classes

# With fewer pictures per class, the names may be of single pictures, not of classes.
_MIN_PER_CLASS = 5


def resolve_class_conditioning(
    request: TrainRequest, dataset: Dataset, base: RunInfo | None = None
) -> tuple[TrainRequest, str]:
    """Decide whether classes are learned, if the request leaves it open; return a report too.

    Args:
        request: if it leaves this open, classes are learned where each has some pictures.
        dataset: the data set.
        base: the run whose network is fine-tuned: if left open, one without classes learns none,
            and one that has these classes keeps them.

    Returns:
        The request, and a text to report; empty if nothing was left open, or there are no classes.

    Raises:
        StudioError: if classes are requested of pictures that have none.
    """
    requested, classes = request.class_conditional, len(dataset.class_names)
    if requested is not None:
        if requested and dataset.labels is None:
            raise StudioError(
                "These pictures have no labels to learn.",
                "Put each class into a folder of its own, or train without classes.",
            )
        return request, ""
    if base is not None:
        known = set(known_classes(base))
        if not known or (dataset.labels is not None and known >= set(dataset.class_names)):
            return request.model_copy(update={"class_conditional": bool(known)}), ""
    conditional = dataset.labels is not None and classes > 1
    message = ""
    if conditional and len(dataset) < _MIN_PER_CLASS * classes:
        conditional = False
        message = (
            f"Training is not conditioned on the {classes:,} classes: most have fewer than "
            f"{_MIN_PER_CLASS} pictures. --class-conditional does so all the same."
        )
    elif conditional:
        message = (
            f"Training is conditioned on {classes:,} classes, so that each can be drawn. "
            "--no-class-conditional trains without."
        )
    return request.model_copy(update={"class_conditional": conditional}), message
