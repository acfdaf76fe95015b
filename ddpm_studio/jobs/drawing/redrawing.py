"""Draw again what a picture's recipe tells of."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.jobs.drawing.inpainting import inpaint
from ddpm_studio.jobs.drawing.interpolation import interpolate, walk_path
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.recipes import Restored
from ddpm_studio.jobs.drawing.sampling import sample
from ddpm_studio.jobs.drawing.sharing import share
from ddpm_studio.jobs.events import Drawn, Event, Notice
from ddpm_studio.requests import (
    DrawRequest,
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    SampleRequest,
    ShareRequest,
)
from ddpm_studio.runs import RunFolder


def redraw(found: Restored, models: ModelStore) -> Generator[Event, None, Drawn]:
    """Run the request again; on the CPU the pictures are the same, bit for bit.

    The weights are those of ``found.checkpoint`` if the run still keeps them, else the newest,
    which a Notice tells. Yields what the tool yields that drew it first.

    Raises:
        StudioError: as that tool.
    """
    request = found.request
    kept = [one.step for one in RunFolder.open(found.run).checkpoints()]
    if found.checkpoint in kept:
        request = request.model_copy(update={"checkpoint": found.checkpoint})
    elif found.checkpoint is not None:
        request = request.model_copy(update={"checkpoint": None})
        yield Notice(
            f"The weights of step {found.checkpoint:,}, which drew this, are not kept any more: "
            "the newest draw another picture."
        )
    return (yield from _drawing(found, request, models))


def _drawing(
    found: Restored, request: DrawRequest, models: ModelStore
) -> Generator[Event, None, Drawn]:
    if isinstance(request, SampleRequest):
        return sample(request, models)
    if isinstance(request, ShareRequest):
        return share(request, found.inputs.get("source"), models, found.latent)
    if isinstance(request, InterpolateRequest):
        return interpolate(request, found.pictures, models)
    if isinstance(request, PathRequest):
        return walk_path(request, found.pictures, models)
    if isinstance(request, InpaintRequest):
        return inpaint(request, found.inputs["picture"], found.mask, models)
    raise TypeError(f"no tool draws {type(request).__name__}")
