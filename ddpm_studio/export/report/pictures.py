"""Pictures of a page as data URIs: PNG in their own resolution, enlarged by the browser."""

from __future__ import annotations

import base64
import io

import numpy as np

from ddpm_studio.export.grid import Pictures
from ddpm_studio.export.pictures import to_image
from ddpm_studio.picture_shape import FIRST_BANDS, Bands, bands_of, to_displayable

_TARGET_WIDTH = 60


def data_uri(picture: Pictures, bands: Bands = FIRST_BANDS) -> str:
    """Return a picture, uint8 (H, W, C), as a PNG data URI; of more than four channels, three."""
    content = io.BytesIO()
    displayable = np.ascontiguousarray(to_displayable(picture, bands_of(picture, bands)))
    to_image(displayable).save(content, format="PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode('ascii')}"


def shown_width(width: int) -> int:
    """Return the display width of a picture in pixels: small ones are enlarged, by an integer."""
    return width * max(1, round(_TARGET_WIDTH / width))
