"""Requests for drawing pictures by the reverse process: sampling and inpainting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator
from pydantic.config import JsonDict

from ddpm_studio.engine.tables import SAMPLERS
from ddpm_studio.engine.tables.respacing import Respacing
from ddpm_studio.engine.tables.samplers import ETA
from ddpm_studio.requests.base import (
    Device,
    FixedVariance,
    Precision,
    Request,
    Sampler,
    Seed,
    Weights,
    options_of_entry,
)

# Marks fields that have an effect only with samplers that take them.
_AS_SAMPLER: JsonDict = {"option_of": "sampler"}
# Marks fields that have an effect only with models that draw in ancestral steps.
_OF_ANCESTRAL_STEPS: JsonDict = {"of_ancestral_steps": True}
_VARIANCE: JsonDict = {**_AS_SAMPLER, **_OF_ANCESTRAL_STEPS, "terminal_default": "the model's"}

# The default of the terminal's option: an animation needs frames.
_FRAMES_OF_GIF: JsonDict = {"terminal_default": "60 with --gif"}
Frames = Annotated[
    int,
    Field(
        ge=0,
        le=10000,
        title="Frames",
        description="How many moments of the reverse process to keep.",
        json_schema_extra=_FRAMES_OF_GIF,
    ),
]


class DrawRequest(Request):
    """Base class of all requests that draw pictures."""

    steps: int | None = Field(
        None, ge=1, title="Steps", description="Steps of the sampler; empty: its usual number."
    )
    variance: FixedVariance = Field(
        "fixed_large",
        title="Variance",
        description="σₜ² of ancestral steps.",
        json_schema_extra=_VARIANCE,
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same pictures.")
    clip_x0: bool = Field(
        True, title="Clip x̂₀", description="Keep the predicted picture within the pixel range."
    )
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    ema_length: float | None = Field(
        None,
        ge=0.01,
        le=0.25,
        title="EMA length",
        description="Relative width of the average, as a share of the training, for a run with EMA "
        "snapshots; empty: as it was trained.",
        json_schema_extra={"empty": "as trained"},
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda length: length is None,
    )
    checkpoint: int | None = Field(
        None, ge=0, title="Checkpoint", description="Step of the weights; empty: the newest."
    )
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")
    precision: Precision = Field(
        "auto",
        title="Precision",
        description="auto: bf16 for pictures from noise where the device does it well.",
    )
    class_label: int | None = Field(
        None,
        ge=0,
        title="Class",
        description="Name of the class to draw, or its number from 0; empty: any.",
    )
    guidance: float = Field(
        1.0,
        ge=0,
        le=100,
        title="Guidance",
        description="Classifier-free guidance: 1 as trained, more: closer to the class.",
    )
    guidance_rescale: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Guidance rescale",
        description="Share by which the contrast of the guided prediction is brought back to that "
        "without guidance; strong guidance makes pictures too bright or too dark.",
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda share: share == 0,
    )


class SamplerRequest(DrawRequest):
    """Base class of requests with a choice of sampler for the reverse process."""

    sampler: Sampler = Field(
        "ddpm",
        title="Sampler",
        description="How to get from noise to a picture.",
    )
    eta: float = Field(
        ETA.default,
        ge=ETA.low,
        le=ETA.high,
        title=ETA.title,
        description=ETA.help,
        json_schema_extra=_AS_SAMPLER,
    )

    sampler_options: dict[str, float] = Field(
        {},
        title="Sampler options",
        description="Further options of the sampler, each a name and a number.",
        json_schema_extra={"options_of": "sampler"},
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda options: not options,
    )

    respacing: str | None = Field(
        None,
        max_length=200,
        title="Respacing",
        description='Instead of steps, as in OpenAI\'s code: "10,15,20" keeps so many timesteps '
        'of each third, "ddim50" 50 at an integer stride from t = 1; empty: by steps.',
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda text: text is None,
    )

    @field_validator("respacing")
    @classmethod
    def _check_respacing(cls, text: str | None, info: ValidationInfo) -> str | None:
        if text is not None:
            Respacing.parse(text)
            if info.data.get("steps") is not None:
                raise ValueError("give steps or a respacing, not both")
        return text

    @field_validator("sampler_options")
    @classmethod
    def _check_options(cls, options: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        return options_of_entry(cls, SAMPLERS, info.data.get("sampler"), options)


class SampleRequest(SamplerRequest):
    """Draw pictures from noise."""

    run: Path
    count: int = Field(16, ge=1, le=100_000, title="Count", description="How many pictures.")
    all_classes: bool | None = Field(
        None,
        title="All classes",
        description="Cycle through the classes; empty: if the model is class-conditional, unless "
        "one is named.",
        # Left out of dumps if unset, so that recipes stay as they were before it was added.
        exclude_if=lambda all_classes: all_classes is None,
    )
    frames: Frames = 0


class InpaintRequest(DrawRequest):
    """Fill in the masked part of a picture (RePaint)."""

    run: Path
    count: int = Field(4, ge=1, le=10_000, title="Count", description="How many pictures.")
    jump: int = Field(
        10,
        ge=1,
        le=1000,
        title="Jump",
        description="Jump length: forward steps in each resampling.",
        json_schema_extra=_OF_ANCESTRAL_STEPS,
    )
    resamplings: int = Field(
        5,
        ge=1,
        le=100,
        title="Resamplings",
        description="How often each stretch is sampled; 1: once.",
    )
    frames: Frames = 0
