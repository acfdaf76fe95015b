"""Redrawing a picture from its recipe."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.recipes import Restored
from ddpm_studio.jobs.events import Drawn, Event, Notice
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
    drawing = drawings()[found.kind].load()
    drawn: Drawn = yield from drawing(request, models=models, **found.arguments)
    return drawn
