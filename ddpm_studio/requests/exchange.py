"""Requests for importing other programs' models, and for publishing a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.catalogue.model_formats import MODEL_FORMATS
from ddpm_studio.picture_shape import ImageSize, parse_image_size
from ddpm_studio.requests.base import Parameterization, Request, Schedule


class ImportRequest(Request):
    """Import another program's model (settings that its files don't contain)."""

    format: Annotated[str, OneOf(MODEL_FORMATS)] | None = Field(
        None, title="Format", description="Format of the files; empty: as recognised."
    )
    image_size: Annotated[ImageSize, BeforeValidator(parse_image_size)] | None = Field(
        None,
        title="Image size",
        description="Size of its pictures: side in pixels, or width × height such as 96x64.",
        json_schema_extra={"metavar": "N|WxH"},
    )
    schedule: Schedule | None = Field(
        None, title="Noise schedule", description="Schedule that it was trained with."
    )
    timesteps: int | None = Field(
        None, ge=2, le=10000, title="Timesteps T", description="Number that it was trained with."
    )
    parameterization: Parameterization | None = Field(
        None, title="Prediction", description="What the network predicts."
    )
    num_heads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="Attention heads",
        description="Number of heads of each attention layer.",
    )
    num_head_channels: int | None = Field(
        None,
        ge=0,
        le=4096,
        title="Width of a head",
        description="Channels of a head, instead of a number of heads; 0: by their number.",
    )
    new_attention_order: bool | None = Field(
        None,
        title="New attention order",
        description="Whether q, k and v are each stored with all heads, one after the other.",
    )
    rescale_timesteps: bool | None = Field(
        None,
        title="Rescaled timesteps",
        description="Whether the network is given t·1000/T.",
    )
    null_class: bool | None = Field(
        None,
        title="Last class is none",
        description="Whether the last class is the null class, which guidance needs.",
    )


class PublishRequest(Request):
    """Pack a run for sharing (weights in half precision, samples, figures, a model card)."""

    run: Path
    title: str = Field(
        min_length=1, max_length=200, title="Title", description="Name of the model."
    )
    license: str = Field(
        min_length=1,
        max_length=200,
        title="Licence",
        description="Licence of the model, such as apache-2.0.",
    )
    credits: str | None = Field(
        None,
        max_length=2000,
        title="Credits",
        description="Owner and licence of the pictures it was trained on.",
    )
    sample: str | None = Field(
        None,
        title="Sample set",
        description="The embedded set that goes with it, used by the tools where the training "
        "pictures are not available.",
    )
    count: int = Field(
        20,
        ge=1,
        le=1000,
        title="Count",
        description="Samples to draw, at least one of each class.",
    )
