"""Notebook cell in Python that repeats a drawing, generated from its recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from ddpm_studio.catalogue.tools import DrawingInfo, drawings
from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.errors import StudioError
from ddpm_studio.export.array_text import unpack
from ddpm_studio.jobs.drawing.recipes import Recipe, drawing_request
from ddpm_studio.requests import DrawRequest
from ddpm_studio.runs.ready import is_ready, ready_name

# The number of frames does not affect the drawing; the run is opened separately.
_LEFT_OUT = {"run", "frames", "checkpoint"}
# Always written, as a run may have its own defaults for them.
_NAMED = ("sampler", "steps", "class_label", "all_classes", "guidance", "clip_x0")


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
    run: Path = getattr(request, "run")  # noqa: B009 - each drawing's request has one
    opened = ready_name(run) if is_ready(run) else str(run)
    lines += ["", f"run = ds.open({opened!r})", *inputs]
    return "\n".join([*lines, *_call(drawing, request, recipe, names), ""])


def _inputs(drawing: DrawingInfo, recipe: Recipe) -> tuple[list[str], dict[str, str]]:
    """Return lines that create a drawing's inputs, and the variable of each by its name."""
    told = recipe.get("inputs")
    carried: dict[str, Any] = told if isinstance(told, dict) else {}
    lines, names = list[str](), dict[str, str]()
    for one in drawing.inputs:
        keys = [key for key in one.keys(len(carried)) if key in carried]
        for key in keys:
            unpack(key, carried[key])  # Raises for damaged or missing arrays now.
        arrays = [f"unpack({key!r}, {carried[key]!r})" for key in keys]
        names[one.name] = one.name if arrays else "None"
        if one.at_least:
            lines.append(f"{one.name} = [\n    " + ",\n    ".join(arrays) + ",\n]")
        elif arrays and one.form == "latent":
            latent = recipe.get("latent")
            fields: dict[str, Any] = latent if isinstance(latent, dict) else {}
            rest = [fields.get("t"), fields.get("timesteps"), recipe.get("model")]
            rest += [fields.get("origin"), fields.get("exact")]
            rest += [fields["class_label"]] if "class_label" in fields else []
            words = ", ".join(map(repr, rest))
            lines.append(f"{one.name} = Latent({arrays[0]}, {words})")
        elif arrays:
            lines.append(f"{one.name} = {arrays[0]}")
    return lines, names


def _call(
    drawing: DrawingInfo, request: DrawRequest, recipe: Recipe, names: dict[str, str]
) -> list[str]:
    fields = type(request).model_fields
    told = request.model_dump(mode="python", exclude=_LEFT_OUT)
    options = {
        key: value
        for key, value in told.items()
        if (key in _NAMED or _is_chosen(fields[key], value))
        and not _is_idle(fields[key], key, told)
    }
    if options.get("all_classes") is None:
        options.pop("all_classes", None)
    step = recipe.get("checkpoint")
    if type(step) is int:
        options["checkpoint"] = step
    rows = recipe.get("rows")
    several = rows if isinstance(rows, list) and "t" in told else None
    if several:
        options.pop("t", None)
    words = [f"{key}={value!r}" for key, value in options.items()] + (["t=t"] if several else [])
    written = drawing.python.format(options=", ".join(words), **names)
    if several:
        return [f"drawings = [run.{written} for t in {tuple(several)!r}]", "drawings[0]"]
    return [f"drawing = run.{written}", "drawing"]


def _is_chosen(field: FieldInfo, value: object) -> bool:
    return field.is_required() or bool(value != field.get_default(call_default_factory=True))


def _is_idle(field: FieldInfo, key: str, told: dict[str, Any]) -> bool:
    """Whether it is an option of another sampler, which a request keeps and Python rejects."""
    extra = field.json_schema_extra
    of = extra.get("option_of") if isinstance(extra, dict) else None
    sampler = told.get(str(of)) if of else None
    return sampler in SAMPLERS and not SAMPLERS[str(sampler)].accepts(key)
