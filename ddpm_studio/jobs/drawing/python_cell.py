"""Notebook cell in Python that repeats a drawing, generated from its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from ddpm_studio.catalogue.fields import is_unused_option
from ddpm_studio.catalogue.tools import DrawingInfo, drawings
from ddpm_studio.errors import StudioError
from ddpm_studio.export.array_text import unpack
from ddpm_studio.jobs.drawing.recipes import Recipe, drawing_request, is_network_path
from ddpm_studio.jobs.request_building import ignored_reason
from ddpm_studio.requests import DrawRequest
from ddpm_studio.runs.ready import is_ready, ready_name

# The number of frames does not affect the drawing; the run is opened separately.
_EXCLUDED_FIELDS = {"run", "frames", "checkpoint"}
# Always written, as a run may have its own defaults for them.
_ALWAYS_WRITTEN = (
    "sampler",
    "steps",
    "variance",
    "class_label",
    "all_classes",
    "guidance",
    "clip_x0",
)


def has_cell(recipe: Recipe | None) -> bool:
    """Whether there is Python for a recipe: it is a drawing of a kind with a method in Python."""
    known = drawings()
    kind = "" if recipe is None else str(recipe.get("kind", ""))
    return kind in known and bool(known[kind].python)


def python_cell(recipe: Recipe) -> str:
    """Return Python code that repeats a drawing, with settings, seed, step and input pictures.

    Its last line is the drawing, so that a notebook displays it.

    Raises:
        StudioError: if it is no drawing with a method in Python, is damaged, or was drawn from
            pictures too large to be included.
    """
    if not has_cell(recipe):
        raise StudioError(
            "There is no Python for this view.", "Take a tool that draws, such as Share latents."
        )
    drawing = drawings()[str(recipe["kind"])]
    request, _ = drawing_request(drawing, recipe, "This view")
    lines = ["import ddpm_studio as ds"]
    inputs, names = _inputs(drawing, recipe)
    if any("unpack(" in line for line in inputs):
        lines.append("from ddpm_studio.export.array_text import unpack")
    if any("Latent(" in line for line in inputs):
        lines.append("from ddpm_studio.jobs.events import Latent")
    run = _run_of(request)
    run_name = ready_name(run) if is_ready(run) else str(run)
    lines += ["", f"run = ds.open({run_name!r})", *inputs]
    return "\n".join([*lines, *_call(drawing, request, recipe, names), ""])


def _inputs(drawing: DrawingInfo, recipe: Recipe) -> tuple[list[str], dict[str, str]]:
    """Return lines that create a drawing's inputs, and the variable of each by its name."""
    recorded = recipe.get("inputs")
    packed: dict[str, Any] = recorded if isinstance(recorded, dict) else {}
    lines, names = list[str](), dict[str, str]()
    for entry in drawing.inputs:
        keys = [key for key in entry.keys(len(packed)) if key in packed]
        for key in keys:
            unpack(key, packed[key])  # Raises for damaged or missing arrays now.
        arrays = [f"unpack({key!r}, {packed[key]!r})" for key in keys]
        names[entry.name] = entry.name if arrays else "None"
        if entry.at_least:
            lines.append(f"{entry.name} = [\n    " + ",\n    ".join(arrays) + ",\n]")
        elif arrays and entry.form == "latent":
            latent = recipe.get("latent")
            fields: dict[str, Any] = latent if isinstance(latent, dict) else {}
            arguments = [fields.get("t"), fields.get("timesteps"), recipe.get("model")]
            arguments += [fields.get("origin"), fields.get("exact")]
            arguments += [fields["class_label"]] if "class_label" in fields else []
            argument_text = ", ".join(map(repr, arguments))
            lines.append(f"{entry.name} = Latent({arrays[0]}, {argument_text})")
        elif arrays:
            lines.append(f"{entry.name} = {arrays[0]}")
    return lines, names


def _call(
    drawing: DrawingInfo, request: DrawRequest, recipe: Recipe, names: dict[str, str]
) -> list[str]:
    fields = type(request).model_fields
    settings = request.model_dump(mode="python", exclude=_EXCLUDED_FIELDS)
    options = {
        key: value
        for key, value in settings.items()
        if (key in _ALWAYS_WRITTEN or _is_chosen(fields[key], value))
        and not is_unused_option(type(request), key, settings)
        and not _is_ignored(request, _run_of(request), key)
    }
    if options.get("all_classes") is None:
        options.pop("all_classes", None)
    step = recipe.get("checkpoint")
    if type(step) is int:
        options["checkpoint"] = step
    rows = recipe.get("rows")
    t_values = rows if isinstance(rows, list) and "t" in settings else None
    if t_values:
        options.pop("t", None)
    arguments = [f"{key}={value!r}" for key, value in options.items()] + (
        ["t=t"] if t_values else []
    )
    call = drawing.python.format(options=", ".join(arguments), **names)
    if t_values:
        return [f"drawings = [run.{call} for t in {tuple(t_values)!r}]", "drawings[0]"]
    return [f"drawing = run.{call}", "drawing"]


def _run_of(request: DrawRequest) -> Path:
    run: Path = getattr(request, "run")  # noqa: B009 - each drawing's request has one
    return run


def _is_ignored(request: DrawRequest, run: Path, key: str) -> bool:
    """Whether the run, if it is there, does not take an option, which Python would refuse.

    A run on the network is not looked at, as for all recipes.
    """
    if is_network_path(run):
        return False
    try:
        return bool(ignored_reason(request, key))
    except StudioError:
        return False


def _is_chosen(field: FieldInfo, value: object) -> bool:
    return field.is_required() or bool(value != field.get_default(call_default_factory=True))
