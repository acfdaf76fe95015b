"""Sampler titles for captions of pictures."""

from __future__ import annotations

from ddpm_studio.catalogue import SAMPLERS
from ddpm_studio.catalogue.tools import drawings
from ddpm_studio.gui.widgets.forms.choices import translated


def sampler_title(name: str) -> str:
    """Return the translated title of a sampler, or of the fixed sampler of a kind of drawing.

    An unknown name is returned unchanged.
    """
    if name in SAMPLERS:
        return translated(SAMPLERS[name].title)
    drawing = drawings().get(name)
    return name if drawing is None else translated(drawing.sampler or drawing.title)
