"""Redrawing of a picture from its recipe."""

from __future__ import annotations

from collections.abc import Generator

from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.jobs.drawing.models import ModelStore
from ddpm_studio.jobs.drawing.recipes import ParsedRecipe
from ddpm_studio.jobs.events import DrawingResult, Event, Notice
from ddpm_studio.runs import RunFolder


def redraw(found: ParsedRecipe, models: ModelStore) -> Generator[Event, None, DrawingResult]:
    """Repeat a drawing; on the CPU the pictures are the same, bit for bit.

    The weights are those of ``found.checkpoint`` if the run still keeps them, else the newest,
    which a Notice reports. Yields the events of the original tool.

    Raises:
        StudioError: as the original tool.
    """
    request = found.request
    saved_steps = [checkpoint.step for checkpoint in RunFolder.open(found.run).checkpoints()]
    if found.checkpoint in saved_steps:
        request = request.model_copy(update={"checkpoint": found.checkpoint})
    elif found.checkpoint is not None:
        request = request.model_copy(update={"checkpoint": None})
        yield Notice(
            f"The weights of step {found.checkpoint:,}, which drew this, are not kept any more: "
            "the newest draw another picture."
        )
    drawing = drawings()[found.kind].load()
    drawn: DrawingResult = yield from drawing(request, models=models, **found.arguments)
    return drawn
