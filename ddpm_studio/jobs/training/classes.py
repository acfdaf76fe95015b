"""Class conditioning: whether a training learns its pictures' classes."""

from __future__ import annotations

from ddpm_studio.data import Dataset
from ddpm_studio.errors import StudioError
from ddpm_studio.requests import TrainRequest
from ddpm_studio.runs import RunInfo
from ddpm_studio.runs.classes import known_classes

# With fewer pictures of each than this they may be names of single pictures, not classes.
_FEWEST_EACH = 5


def with_classes(
    request: TrainRequest, dataset: Dataset, base: RunInfo | None = None
) -> tuple[TrainRequest, str]:
    """Return a request that says whether classes are learnt, and what to tell of that.

    Args:
        request: without an answer it is yes where each class has some pictures.
        dataset: the pictures.
        base: the run whose network is fine-tuned: one that knows no classes learns none without
            an answer, one that knows these goes on with them.

    Returns:
        The request; nothing is to be told where the answer was given, or there are no classes.

    Raises:
        StudioError: if classes are to be learnt of pictures that have none.
    """
    asked, classes = request.class_conditional, len(dataset.class_names)
    if asked is not None:
        if asked and dataset.labels is None:
            raise StudioError(
                "These pictures have no labels to learn.",
                "Put each class into a folder of its own, or train without classes.",
            )
        return request, ""
    if base is not None:
        known = set(known_classes(base))
        if not known or (dataset.labels is not None and known >= set(dataset.class_names)):
            return request.model_copy(update={"class_conditional": bool(known)}), ""
    learnt = dataset.labels is not None and classes > 1
    told = ""
    if learnt and len(dataset) < _FEWEST_EACH * classes:
        learnt = False
        told = (
            f"Training is not conditioned on the {classes:,} classes: most have fewer than "
            f"{_FEWEST_EACH} pictures. --class-conditional does so all the same."
        )
    elif learnt:
        told = (
            f"Training is conditioned on {classes:,} classes, so that each can be drawn. "
            "--no-class-conditional trains without."
        )
    return request.model_copy(update={"class_conditional": learnt}), told
