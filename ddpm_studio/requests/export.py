"""Options for the layout of pictures in a file, and for animations."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from ddpm_studio.picture_shape import format_bands, parse_bands
from ddpm_studio.requests.base import Request


class AnimationOptions(Request):
    """Timing of the animation."""

    fps: float = Field(20.0, gt=0, le=240, title="Rate, frames/s", description="Frames a second.")
    hold: float = Field(
        2.0,
        ge=0,
        le=3600,
        title="Hold, seconds",
        description="Seconds by which the last frame is held longer.",
    )
    loop: bool = Field(True, title="Loop", description="Repeat for ever.")
    easing: Literal["linear", "ease-out", "ease-in-out"] = Field(
        "linear",
        title="Easing",
        description="ease-out: slow down towards the end; ease-in-out: slow at both ends.",
    )


class AnimationRequest(AnimationOptions):
    """Animation of a tool's pictures."""

    count: int | None = Field(
        None, ge=2, le=10000, title="Frames", description="Number of frames; empty: all."
    )
    scale: int | None = Field(
        None, ge=1, le=64, title="Zoom", description="Integer factor; empty: a comfortable size."
    )


class GridOptions(Request):
    """Layout of the pictures."""

    columns: int | None = Field(
        None, ge=1, title="Columns", description="Pictures in a row; empty: a square grid."
    )
    scale: int | None = Field(
        None,
        ge=1,
        le=64,
        title="Zoom",
        description="Integer factor; empty: 1 for PNG, a comfortable size for animations.",
    )
    bands: str = Field(
        "1,2,3",
        title="Bands",
        description="Which of more than four channels are shown as red, green and blue.",
        json_schema_extra={"metavar": "R,G,B"},
    )

    @field_validator("bands", mode="before")
    @classmethod
    def _check_bands(cls, bands: object) -> str:
        return format_bands(parse_bands(bands))


class ViewOptions(Request):
    """Content of the animation."""

    gif_view: Literal["x_t", "x0_hat", "eps", "both", "all"] = Field(
        "x_t",
        title="View",
        description="The noisy pictures, the predicted ones, the predicted noise, "
        "the first two (both) or all three.",
    )


class ArrayOptions(Request):
    """Content of the array."""

    npy_view: Literal["x_t", "x0_hat", "eps"] = Field(
        "x_t",
        title="Numbers",
        description="What an array of the moments holds: the noisy pictures, the predicted ones "
        "or the predicted noise.",
    )
