"""Class of an input picture, from its data set, its drawing's recipe, or its folder's name."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ddpm_studio import runs
from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe
from ddpm_studio.jobs.drawing.picture_files import label_at
from ddpm_studio.jobs.drawing.recipes import find_run, index_of, is_network_path
from ddpm_studio.jobs.events import Event, Notice, Pictures
from ddpm_studio.paths import is_file
from ddpm_studio.requests import InpaintRequest, InterpolateRequest, PathRequest, ShareRequest
from ddpm_studio.runs.classes import known_classes

if TYPE_CHECKING:
    from ddpm_studio.runs import RunInfo

RequestT = TypeVar("RequestT", ShareRequest, InpaintRequest, InterpolateRequest, PathRequest)
ResultT = TypeVar("ResultT")

CLASS = "class"
"""Key of a picture's class name in its recipe."""

_CLASS_FIELDS = frozenset(("class_label", "class_labels"))


@dataclass(frozen=True, eq=False)
class LabelledPicture:
    """A picture prepared for a model, with its class.

    Args:
        picture: uint8 (H, W, C).
        class_name: name of its class; None if unknown.
        notice: a text to report on how its values were read; empty if there is none.
    """

    picture: Pictures
    class_name: str | None = None
    notice: str = ""


def class_of_file(path: Path, info: RunInfo) -> str | None:
    """Return the class name of a picture file in terms of a run's classes; None if unknown.

    It is taken from the recipe of a picture that was drawn here, else from the name of its folder,
    if that is one of the run's classes.
    """
    if not is_file(path):
        return None
    recipe = recipe_of_file(path)
    if recipe is not None:
        return class_of_recipe(recipe, path)
    folder = path.absolute().parent.name
    name = info.data.options.classes.get(folder, folder) if info.data else folder
    return name if name in known_classes(info) else None


def recipe_of_file(path: Path) -> dict[str, object] | None:
    """Return the recipe of a picture that was drawn here; None for any other path."""
    try:
        return read_recipe(path) if is_file(path) else None
    except StudioError:
        return None


def with_class(recipe: Mapping[str, object] | None, name: str | None) -> dict[str, object]:
    """Return a picture's recipe with the class given by a person; None for no class."""
    return {"kind": "picture", **(recipe or {}), CLASS: name}


def data_set_recipe(name: str | None) -> dict[str, object] | None:
    """Return the recipe of a picture of a data set with its class; None without a class."""
    return None if name is None else with_class(None, name)


def class_of_recipe(recipe: dict[str, object], path: Path | None = None) -> str | None:
    """Return the class name of a picture by its recipe; None if unknown, or without a class.

    It is the one given by a person, else that of the drawing's request, whose number is looked up
    in the run that drew it, if that still exists.

    Args:
        recipe: the picture's recipe.
        path: its file, if any, see :func:`~ddpm_studio.jobs.drawing.recipes.find_run`.
    """
    if CLASS in recipe:
        class_name = recipe[CLASS]
        return class_name if isinstance(class_name, str) else None
    request, label = recipe.get("request"), label_at(recipe, index_of(recipe))
    if not isinstance(request, dict) or label is None:
        return None
    if is_network_path(Path(str(request.get("run", "")))):
        return None
    run = find_run(recipe, path)
    if run is None:
        return None
    try:
        names = known_classes(runs.RunFolder.open(run).info)
    except StudioError:
        return None
    return names[label] if 0 <= label < len(names) else None


def class_index(known: Sequence[str], name: str | None) -> int | None:
    """Return the index of a class among those of a network; None if it is not among them."""
    return known.index(name) if name in known else None


def with_picture_classes(
    request: RequestT, pictures: Sequence[LabelledPicture]
) -> tuple[RequestT, str]:
    """Return a request conditioned on the classes of its pictures, unless it names any itself.

    Args:
        request: the request; its own class, even an explicit "no class", has precedence.
        pictures: the input pictures.

    Returns:
        The request, and a text to report; empty if nothing was changed.

    Raises:
        StudioError: if the run can't be read.
    """
    if _CLASS_FIELDS & request.model_fields_set or not any(
        picture.class_name for picture in pictures
    ):
        return request, ""
    info = runs.RunFolder.open(request.run).info
    names = known_classes(info)
    labels = tuple(class_index(names, picture.class_name) for picture in pictures)
    known = [label for label in labels if label is not None]
    if not known or (len(known) < len(labels) and not info.has_learnt_null_label):
        return request, ""
    class_names = ["none" if label is None else names[label] for label in labels]
    message = f"Drawn by class, as the picture is of: {class_names[0]}."
    if isinstance(request, ShareRequest | InpaintRequest):
        return request.model_copy(update={"class_label": labels[0]}), message
    if len(class_names) > 1:
        message = f"Drawn by class, as the pictures are of: {', '.join(class_names)}."
    return request.model_copy(update={"class_labels": labels}), message


def with_notice(
    text: str, job: Generator[Event, None, ResultT], pictures: Sequence[LabelledPicture] = ()
) -> Generator[Event, None, ResultT]:
    """Yield a Notice of each text that is not empty, then run the job; return its result.

    Args:
        text: a text to report.
        job: the job.
        pictures: its input pictures, whose notices are reported as well.
    """
    for message in dict.fromkeys((*(picture.notice for picture in pictures), text)):
        if message:
            yield Notice(message)
    return (yield from job)
