"""What a sampler is called where a picture tells how it was drawn."""

from __future__ import annotations

from ddpm_studio.catalogue import SAMPLERS
from ddpm_studio.gui.widgets.forms.choices import translated

_INPAINT = "inpaint"


def sampler_title(name: str) -> str:
    """Return the title of a sampler, also of RePaint; of one that is not known here its name."""
    if name == _INPAINT:
        return "RePaint"
    return translated(SAMPLERS[name].title) if name in SAMPLERS else name
