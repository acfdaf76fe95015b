"""Recipes in picture files, parsed back into requests; does not import torch."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from ddpm_studio.catalogue.origins import from_file, require
from ddpm_studio.catalogue.tools import TOOLS, DrawingInfo, Input, drawings
from ddpm_studio.errors import StudioError, printable
from ddpm_studio.export import read_recipe
from ddpm_studio.export.array_text import Array, unpack
from ddpm_studio.jobs.events import Latent, Pictures
from ddpm_studio.paths import is_file
from ddpm_studio.requests import DrawRequest
from ddpm_studio.runs.legacy_format import FIRST_VERSION, fill_in_defaults
from ddpm_studio.runs.run_json import read_run_json
from ddpm_studio.validation import first_unknown_field

Recipe = dict[str, object]

# Files of this program that are no single drawing; listed so that they get a suitable error.
_NO_DRAWINGS = {
    "preview": ("samples drawn while training", "Open its run, and look at them there."),
    "gallery": ("a sheet of several drawings", "Drop one of its pictures alone."),
    "neighbours": ("a picture beside its nearest neighbours", "Drop the picture itself."),
    "decode": ("a progressive decoding", "Decode the picture again under Bits."),
}
# Type and number of axes of an input, by its form.
_FORMS = {"picture": ("uint8", 3), "mask": ("bool", 2), "latent": ("float32", 4)}
_NETWORK_PREFIXES = ("\\\\", "//")
# <run>/samples/gallery/<picture>.png
_ABOVE_GALLERY = 2


@dataclass(frozen=True, eq=False)
class ParsedRecipe:
    """A validated request from a picture file, with the pictures it was drawn from.

    ``index`` is the picture's number in the drawing; ``rows`` holds the t of each row of a sheet of
    several; ``moment`` is the t of the shown state of the reverse process, 0 for the finished
    picture; ``checkpoint`` is the step of the weights, ``model`` their fingerprint; ``moving``
    means that the file is an animation of the process, not the picture itself.
    """

    kind: str
    request: DrawRequest
    run: Path
    index: int
    checkpoint: int | None
    model: str
    inputs: dict[str, Array]
    rows: tuple[int, ...] = ()
    moment: int = 0
    latent: Latent | None = None
    moving: bool = False

    def with_frames(self, frames: int) -> ParsedRecipe:
        """Return a copy that requests this number of frames of the process."""
        return replace(self, request=self.request.model_copy(update={"frames": frames}))

    @property
    def arguments(self) -> dict[str, object]:
        """Keyword arguments of the drawing in addition to the request."""
        return {entry.name: self._argument(entry) for entry in drawings()[self.kind].inputs}

    def _argument(self, entry: Input) -> object:
        if entry.at_least:
            return self.pictures
        return self.latent if entry.form == "latent" else self.inputs.get(entry.key or entry.name)

    @property
    def pictures(self) -> list[Pictures]:
        """The pictures that were mixed, in order."""
        return [self.inputs[key] for key in sorted(self.inputs, key=int)]

    @property
    def mask(self) -> npt.NDArray[np.bool_]:
        """The mask of an inpainting; KeyError for another kind."""
        return self.inputs["mask"]


def index_of(recipe: Mapping[str, object]) -> int:
    """Return the number of a picture in its drawing, from 0; 0 if its recipe has none."""
    index = recipe.get("index")
    return index if type(index) is int else 0


def is_network_path(run: Path) -> bool:
    """Whether a recipe names a path on the network (UNC).

    Accessing it would contact a stranger's machine and disclose the user's name.
    """
    return str(run).startswith(_NETWORK_PREFIXES)


def run_id(run_json: Mapping[str, object]) -> str:
    """Return a short id of a run that does not depend on its folder's name.

    Args:
        run_json: contents of ``run.json``, of which only those count that training does not change.
    """
    data = run_json.get("data")
    pictures = data.get("fingerprint") if isinstance(data, dict) else None
    text = json.dumps([run_json.get("created"), run_json.get("network"), pictures], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def read_parsed_recipe(path: Path, near: Iterable[Path] = ()) -> ParsedRecipe | None:
    """Read the recipe of a picture file; None if it was not made by this program.

    A run that was moved or renamed, even if another took its name, is found if the picture is in
    its gallery, else by its id: in ``near``, the folders of known runs, then in the parent of its
    recorded folder.

    Raises:
        StudioError: if the file can't be read, is no drawing, its request is damaged, its inputs
            are missing, or its run is not found.
    """
    recipe = read_recipe(path)
    return None if recipe is None else restored(recipe, path, near)


def restored(recipe: Recipe, path: Path, near: Iterable[Path] = ()) -> ParsedRecipe | None:
    """Validate a recipe; see :func:`read_parsed_recipe`, whose file ``path`` is."""
    kind = str(recipe.get("kind", ""))
    if kind in _NO_DRAWINGS:
        what, remedy = _NO_DRAWINGS[kind]
        raise StudioError(f"{path.name} can't be drawn again: it is {what}.", remedy)
    known = drawings()
    if kind not in known:
        # It may belong to a tool of a missing plug-in.
        recorded = _as_dict(recipe.get("plugins"))
        required = {str(entry): str(origin) for entry, origin in recorded.items()}
        require(path.name, required, (TOOLS.kind,))
        if "request" not in recipe:
            return None  # Pictures that were shown, such as those of a data set.
        raise StudioError(
            f"{path.name} is a drawing of the kind {printable(kind, 80)!r}, which is not known "
            "here.",
            "It was made with another version, or with a plug-in.",
        )
    drawing = known[kind]
    request, plugins = drawing_request(drawing, recipe, path.name)
    require(path.name, plugins)
    recorded_run = Path(str(getattr(request, "run", "")))
    run = _find_run(recorded_run, path, recipe, near)
    packed_inputs = _as_dict(recipe.get("inputs"))
    inputs = {str(name): unpack(str(name), packed) for name, packed in packed_inputs.items()}
    _check_inputs(drawing, inputs, path)
    checkpoint, index, moment = (recipe.get(key) for key in ("checkpoint", "index", "moment"))
    count = getattr(request, "count", None)
    # A whole grid has no number: it counts as the first picture.
    fits = type(index) is int and index >= 0 and (count is None or index < count)
    model = str(recipe.get("model", ""))
    return ParsedRecipe(
        kind,
        request.model_copy(update={"run": run}),
        run,
        index if type(index) is int and fits else 0,
        checkpoint if type(checkpoint) is int else None,
        model,
        {name: array for name, array in inputs.items() if name != "latent"},
        _rows(recipe),
        moment if type(moment) is int else 0,
        _latent(inputs.get("latent"), recipe.get("latent"), model, path),
        recipe.get("moving") is True,
    )


def drawing_request(
    drawing: DrawingInfo, recipe: Recipe, what: str
) -> tuple[DrawRequest, dict[str, str]]:
    """Return the request of a recipe, and the origins of its entries.

    Args:
        drawing: kind of the drawing.
        recipe: see :func:`~ddpm_studio.export.read_recipe`.
        what: name of its source for error messages, such as the file's name.

    Raises:
        StudioError: if the request is damaged, or has an unknown part. Names of entries that are
            unknown are allowed, see :func:`~ddpm_studio.catalogue.origins.require`.
    """
    try:
        found: tuple[DrawRequest, dict[str, str]] = from_file(
            drawing.request_class(), request_of_recipe(recipe), recipe.get("plugins")
        )
    except ValidationError as error:
        if unknown := first_unknown_field(error):
            raise StudioError(
                f"{what} was drawn with {printable(unknown, 200)}, which is not known here.",
                "It may come from a newer version; otherwise it was changed.",
                str(error),
            ) from error
        raise StudioError(
            f"{what} does not say in full how it was made.",
            "It was changed, or comes from another version.",
            str(error),
        ) from error
    return found


def request_of_recipe(recipe: Recipe) -> object:
    """Return the request of a recipe; without a precision it is of a version without bf16."""
    request = recipe.get("request")
    return {"precision": "float32"} | request if isinstance(request, dict) else request


def drawing_id(recipe: Recipe) -> str:
    """Return a short id that is the same for all pictures of one drawing.

    It does not depend on the number of frames, nor on whether the weights were requested by
    their step.
    """
    content = {key: value for key, value in recipe.items() if key != "index"}
    request = recipe.get("request")
    if isinstance(request, dict):
        unimportant = ("frames", "checkpoint")
        content["request"] = {key: request[key] for key in request if key not in unimportant}
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def update_run_path(recipe: Recipe, old: Path, new: Path) -> None:
    """Update the run's path in a recipe in place, as all views of a drawing share its request."""
    request = recipe.get("request")
    if isinstance(request, dict) and Path(str(request.get("run", ""))).resolve() == old.resolve():
        request["run"] = str(new)


def without_inputs(recipe: Recipe) -> Recipe:
    """Return a recipe without its inputs, short enough to be stored among many in one file."""
    return {key: value for key, value in recipe.items() if key != "inputs"}


def _as_dict(value: object) -> dict[object, object]:
    return value if isinstance(value, dict) else {}


def _check_inputs(drawing: DrawingInfo, inputs: dict[str, Array], path: Path) -> None:
    """Raise StudioError if a recipe lacks needed inputs, or has unknown or invalid ones."""
    forms = {key: entry.form for entry in drawing.inputs for key in entry.keys(len(inputs))}
    needed = {key for entry in drawing.inputs if entry.needed for key in entry.keys(len(inputs))}
    if not needed <= set(inputs) <= set(forms):
        raise StudioError(
            f"{path.name} does not carry the pictures it was drawn from.",
            "It comes from an earlier version: open them in the tool, and draw again.",
        )
    for name, array in inputs.items():
        dtype, axes = _FORMS[forms[name]]
        if array.dtype.name != dtype or array.ndim != axes:
            raise StudioError(
                f"{path.name} carries a {name} that is none.",
                "Take a copy of the picture that was not changed.",
            )


def find_run(recipe: Recipe, path: Path | None = None, near: Iterable[Path] = ()) -> Path | None:
    """Return the folder of the run that drew a picture; None if it is not found.

    It is the recorded folder, or the one whose gallery the picture is in, unless that is known to
    hold another run by now, else a folder of ``near``, or next to the recorded one.

    Args:
        recipe: the picture's recipe; the run must not be on the network.
        path: the picture's file, if any.
        near: the folders of known runs, the likeliest first.
    """
    request = _as_dict(recipe.get("request"))
    recorded = Path(str(request.get("run", "")))
    parents = () if path is None else path.absolute().parents[_ABOVE_GALLERY:][:1]
    own = [folder for folder in (recorded, *parents) if is_file(folder / "run.json")]
    recorded_id, step = recipe.get("run_id"), recipe.get("checkpoint")
    if not recorded_id:
        return own[0] if own else None
    for folder in own:
        if _id_of(folder) == recorded_id:
            return folder
    matches = (
        folder
        for folder in itertools.chain(near, _sibling_folders(recorded))
        if _id_of(folder) == recorded_id
    )
    copies = list(dict.fromkeys(matches))
    if copies:
        # A copy of a run may have lost, or never had, the weights that drew the picture.
        return next((folder for folder in copies if _has_checkpoint(folder, step)), copies[0])
    return next((folder for folder in own if not _has_lasting_id(folder)), None)


def _find_run(run: Path, path: Path, recipe: Recipe, near: Iterable[Path]) -> Path:
    if is_network_path(run):
        raise StudioError(
            f"{path.name} names a run on the network, {run}.",
            "Open that run yourself, then draw again.",
        )
    found = find_run(recipe, path, near)
    if found is not None:
        return found
    raise StudioError(
        f"The run that drew {path.name} is not at {run} any more.",
        "Open it where it is now, then open the picture once more."
        if recipe.get("run_id")
        else "Bring it back there, then open the picture once more.",
    )


def _id_of(run: Path) -> str:
    try:
        return run_id(fill_in_defaults(read_run_json(run)))
    except (OSError, ValueError):
        return ""


def _has_lasting_id(run: Path) -> bool:
    """Whether all versions give a run the same id, so that another id is of another run.

    A file of the first format says less about its network than recipes of the time may have.
    """
    try:
        content = read_run_json(run)
    except (OSError, ValueError):
        return False
    return content.get("format_version", FIRST_VERSION) != FIRST_VERSION and "created" in content


def _has_checkpoint(run: Path, step: object) -> bool:
    return type(step) is int and (run / "checkpoints" / f"step-{step:08d}").is_dir()


def _sibling_folders(run: Path) -> Iterator[Path]:
    """Yield the folders next to a run's recorded one, where it may be after a renaming."""
    try:
        yield from sorted(run.parent.iterdir())
    except OSError:
        return


def _rows(recipe: Recipe) -> tuple[int, ...]:
    rows = recipe.get("rows")
    valid = isinstance(rows, list) and all(type(t) is int for t in rows)
    return tuple(rows) if valid and isinstance(rows, list) else ()


def _latent(x_t: Array | None, fields: object, model: str, path: Path) -> Latent | None:
    if x_t is None:
        return None
    try:
        assert isinstance(fields, dict)
        label = fields.get("class_label")
        return Latent(
            x_t,
            int(fields["t"]),
            int(fields["timesteps"]),
            model,
            str(fields["origin"]),
            fields["exact"],
            label if type(label) is int and label >= 0 else None,
        )
    except (AssertionError, KeyError, TypeError, ValueError) as error:
        raise StudioError(
            f"{path.name} does not say in full which latent it was drawn from.",
            "Open the latent's file under Share latents, and draw again.",
        ) from error
