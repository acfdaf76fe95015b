"""What can be asked of the studio: frozen, validated models.

Each field is described once, here: the window's forms, the terminal's options and a run's
``config`` are all made from these models.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Annotated, Any, Literal

# Plugins of pydantic that others have installed are neither wanted nor waited for.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.catalogue.measures import FEATURES, METRICS
from ddpm_studio.catalogue.model_formats import MODEL_FORMATS
from ddpm_studio.engine.tables import (
    LEARNING_RATES,
    LOSSES,
    OPTIMIZERS,
    PARAMETERIZATIONS,
    PRESETS,
    SAMPLERS,
    SCHEDULES,
    TIMESTEP_SAMPLING,
    VARIANCES,
    Table,
)
from ddpm_studio.engine.tables.optimizers import WEIGHT_DECAY
from ddpm_studio.engine.tables.respacing import Respacing
from ddpm_studio.engine.tables.samplers import ETA, FEW_STEPS
from ddpm_studio.engine.tables.schedules import BETA_END, BETA_START
from ddpm_studio.picture_shape import (
    ImageSize,
    bands_text,
    parse_band_list,
    parse_bands,
    parse_image_size,
    parse_range,
)

Preset = Annotated[str, OneOf(PRESETS)]
Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bf16"]
Weights = Literal["ema", "raw"]
Schedule = Annotated[str, OneOf(SCHEDULES)]
Sampler = Annotated[str, OneOf(SAMPLERS)]
Parameterization = Annotated[str, OneOf(PARAMETERIZATIONS)]
Variance = Annotated[str, OneOf(VARIANCES)]
# Of one that is learned there is nothing to choose once the network is trained.
FixedVariance = Annotated[str, OneOf(VARIANCES, lambda variance: not variance.learned)]

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Request(BaseModel):
    """Base of all requests: unknown fields are refused and nothing changes after validation."""

    # Each is built when it is first used: most commands use one of many.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)


def _options_of_entry(
    model: type[Request], table: Table[Any], chosen: object, given: dict[str, float]
) -> dict[str, float]:
    """Refuse options that the chosen entry does not take, or that are fields of the request."""
    if own := model.model_fields.keys() & given.keys():
        raise ValueError(f"{min(own)} has a field of its own")
    # One that is believed and not here can't be asked what it takes.
    if given and isinstance(chosen, str) and chosen in table:
        table[chosen].check(given)
    return given


#: The rules by which version 0.1.0 read pictures, and those of today.
FIRST_RULES, RULES = 1, 2


def _unset(value: object) -> bool:
    # Pictures that are prepared without are those that they were before there was such a field.
    return value is None or value == {}


class PrepareOptions(Request):
    """How pictures of any shape become one array of equals."""

    image_size: Annotated[ImageSize, BeforeValidator(parse_image_size)] | None = Field(
        None,
        title="Image size",
        description="Side in pixels, 4 to 1024, or width × height such as 96x64; "
        "empty: a square, chosen to fit.",
        json_schema_extra={"metavar": "N|WxH"},
    )
    channels: Literal["auto", "gray", "rgb", "gray+alpha", "rgba", "bands"] = Field(
        "auto",
        title="Colour",
        description="auto: gray if every picture is gray, else RGB, and of arrays with more than "
        "four channels all; rgba: with transparency, as is gray+alpha; bands: all channels of "
        "arrays as they are.",
    )
    fit: Literal["crop", "pad", "squash"] = Field(
        "crop",
        title="Fit",
        description="crop: cut the middle; pad: add borders; squash: stretch.",
    )
    background: str = Field(
        "#ffffff",
        pattern=r"^#[0-9a-fA-F]{6}$",
        title="Background",
        description="Colour of borders and behind transparent pixels.",
    )
    range: str | None = Field(
        None,
        title="Range",
        description="Values that become black and white, such as 0..4095 or -1..1; empty: told by "
        "their type and their smallest and largest.",
        json_schema_extra={"metavar": "LOW..HIGH"},
        exclude_if=_unset,
    )
    layout: str | None = Field(
        None,
        title="Layout",
        description="Axes of arrays: N pictures, H rows, W columns, C channels, such as NCHW, HWC "
        "or NHW; empty: told by their sizes.",
        json_schema_extra={"metavar": "AXES"},
        exclude_if=_unset,
    )
    bands: str | None = Field(
        None,
        title="Bands",
        description="Channels that are taken, from 1 and in this order, such as 4,3,2; all: each, "
        "and none of them as transparency; empty: gray, colours or all.",
        json_schema_extra={"metavar": "all|N,N,…"},
        exclude_if=_unset,
    )
    frames: Literal["first", "all"] | None = Field(
        None,
        title="Frames",
        description="first: of each animation and of each file of several pages one; all: each is "
        "a picture; empty: first.",
        exclude_if=_unset,
    )
    split: Literal["train", "val", "test", "unlabeled", "extra", "all"] | None = Field(
        None,
        title="Split",
        description="Which part of a set that has such parts; empty: train.",
        exclude_if=_unset,
    )
    array: str | None = Field(
        None,
        max_length=200,
        title="Array",
        description="Name of the pictures in a file of several arrays; empty: by a usual name.",
        exclude_if=_unset,
    )
    labels: str | None = Field(
        None,
        max_length=200,
        title="Labels",
        description="Where classes come from: folders, leaf-folders, names, a column of a table, "
        "…, as the report lists them; none: no classes; empty: the most certain.",
        exclude_if=_unset,
    )
    classes: dict[str, str] = Field(
        {},
        title="Classes",
        description="Other names of classes; equal ones become one, and - leaves a class out.",
        exclude_if=_unset,
    )
    rules: Literal[1, 2] = Field(
        2,
        title="Rules of reading",
        description="1: as version 0.1.0 read, for its runs; 2: as it is read today.",
        exclude_if=lambda rules: rules == RULES,
    )

    @field_validator("rules", mode="before")
    @classmethod
    def _read_rules(cls, rules: object) -> object:
        # The terminal gives text.
        return int(rules) if isinstance(rules, str) and rules in ("1", "2") else rules

    @field_validator("range")
    @classmethod
    def _check_range(cls, text: str | None) -> str | None:
        if text is not None:
            parse_range(text)
        return text

    @field_validator("layout")
    @classmethod
    def _check_layout(cls, axes: str | None) -> str | None:
        if axes is None:
            return None
        axes = axes.strip().upper()
        twice = len(set(axes)) < len(axes)
        if twice or not set("HW") <= set(axes) <= set("NHWC"):
            raise ValueError("must be axes such as NHWC, NCHW, NHW, HWC, CHW or HW")
        return axes

    @field_validator("bands")
    @classmethod
    def _check_bands(cls, bands: str | None) -> str | None:
        if bands is not None:
            parse_band_list(bands)
        return bands


# What a run may go on with that was begun otherwise; its record tells of it.
_MAY_CHANGE: JsonDict = {"may_change": True}


# Left out, it is as suits the network: as the preset's recipe has it, or else the paper's value.
_BY_PRESET: JsonDict = {"by_preset": True}


class TrainRequest(Request):
    """Everything that decides a training run."""

    preset: Preset = Field(
        "tiny",
        title="Network",
        description="How large it is.",
    )
    steps: int = Field(
        5000,
        ge=1,
        le=100_000_000,
        title="Steps",
        description="Optimiser steps in all.",
        json_schema_extra=_MAY_CHANGE,
    )
    epochs: float | None = Field(
        None,
        gt=0,
        le=1e8,
        title="Epochs",
        description="In place of steps: how often each picture is seen in all; empty: by steps.",
        json_schema_extra={**_MAY_CHANGE, "empty": "by steps"},
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=1e6,
        title="Minutes",
        description="In place of steps: as many as this machine takes in them; empty: by steps.",
        json_schema_extra={**_MAY_CHANGE, "empty": "by steps"},
    )
    batch_size: int = Field(
        32,
        ge=1,
        le=65536,
        title="Batch size",
        description="Pictures in one step.",
        json_schema_extra={**_MAY_CHANGE, **_BY_PRESET},
    )
    accumulation: int = Field(
        1,
        ge=1,
        le=4096,
        title="Accumulation",
        description="Passes of a batch each whose gradients make one step.",
        json_schema_extra=_MAY_CHANGE,
    )
    seed: Seed = Field(
        0,
        title="Seed",
        description="Same seed, same run (exactly so on the CPU with as many threads).",
    )
    device: Device = Field(
        "auto",
        title="Device",
        description="auto: the GPU if there is one.",
        json_schema_extra=_MAY_CHANGE,
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="Threads",
        description="Of the CPU; empty: one for each core, or one alone while other programs make "
        "that faster, which changes the last bits of sums.",
        json_schema_extra=_MAY_CHANGE,
    )
    precision: Precision = Field(
        "auto", title="Precision", description="auto: bf16 where the device does it well."
    )
    optimizer: Annotated[str, OneOf(OPTIMIZERS)] = Field(
        "adam",
        title="Optimiser",
        description="What takes the steps.",
        json_schema_extra=_BY_PRESET,
    )
    weight_decay: float = Field(
        WEIGHT_DECAY.default,
        ge=WEIGHT_DECAY.low,
        le=WEIGHT_DECAY.high,
        title=WEIGHT_DECAY.title,
        description=WEIGHT_DECAY.help,
        json_schema_extra={"option_of": "optimizer", **_BY_PRESET},
    )
    optimizer_options: dict[str, float] = Field(
        {},
        title="Optimiser options",
        description="What the optimiser takes besides; for each a name and a number.",
        json_schema_extra={"options_of": "optimizer"},
        # Trained without, it is the training that it was before there were any.
        exclude_if=lambda given: not given,
    )
    learning_rate: float = Field(
        2e-4,
        gt=0,
        le=1,
        title="Learning rate",
        description="The optimiser's step size after warm-up.",
        json_schema_extra={**_MAY_CHANGE, **_BY_PRESET},
    )
    learning_rate_schedule: Annotated[str, OneOf(LEARNING_RATES)] = Field(
        "constant",
        title="Learning-rate schedule",
        description="What follows the warm-up, until the last step.",
        json_schema_extra={**_MAY_CHANGE, **_BY_PRESET},
    )
    warmup_steps: int = Field(
        500,
        ge=0,
        title="Warm-up steps",
        description="Linear rise of the learning rate.",
        json_schema_extra=_BY_PRESET,
    )
    grad_clip: float = Field(
        1.0, gt=0, title="Gradient clip", description="Largest norm of the gradient."
    )
    dropout: float | None = Field(
        None, ge=0, lt=1, title="Dropout", description="Empty: as the preset has it."
    )
    ema_decay: float = Field(
        0.9999,
        ge=0,
        lt=1,
        title="EMA decay",
        description="Reached by a warm-up of the decay.",
        json_schema_extra=_BY_PRESET,
    )
    power_ema: bool = Field(
        False,
        title="EMA snapshots",
        description="Keep averages beside, from which one of any length is made when drawing.",
    )
    held_out: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Held out",
        description="Share of the pictures, 4,096 at most, that are not trained on: while their "
        "loss rises and that of the others falls, pictures are learnt by heart.",
    )
    flip: bool = Field(
        True, title="Random flips", description="Mirror pictures left to right at random."
    )
    schedule: Schedule = Field("linear", title="Noise schedule", description="How βₜ rises with t.")
    timesteps: int = Field(
        1000,
        ge=2,
        le=10000,
        title="Timesteps T",
        description="Length of the forward process.",
        json_schema_extra=_BY_PRESET,
    )
    zero_terminal_snr: bool = Field(
        False,
        title="Zero terminal SNR",
        description="Rescale βₜ so that x_T is noise alone; not where ε is predicted.",
    )
    parameterization: Parameterization = Field(
        "eps",
        title="Prediction",
        description="What the network predicts.",
        json_schema_extra=_BY_PRESET,
    )
    variance: Variance = Field(
        "fixed_large",
        title="Variance",
        description="σₜ² of the reverse process; a learned one needs a loss that teaches it.",
    )
    loss: Annotated[str, OneOf(LOSSES)] = Field(
        "simple",
        title="Loss",
        description="What training makes small.",
        json_schema_extra=_BY_PRESET,
    )
    timestep_sampling: Annotated[str, OneOf(TIMESTEP_SAMPLING)] = Field(
        "uniform",
        title="Choice of t",
        description="Which t a step sees.",
        json_schema_extra=_BY_PRESET,
    )
    class_conditional: bool = Field(
        False, title="Classes", description="Learn the labels too, to draw chosen classes."
    )
    label_dropout: float = Field(
        0.1,
        ge=0,
        lt=1,
        title="Label dropout",
        description="Share of pictures whose class is withheld; guidance needs some.",
        json_schema_extra={"only_with": "class_conditional"},
    )
    checkpoint_every: int | None = Field(
        None,
        ge=1,
        title="Checkpoint every",
        description="Steps; every five minutes in any case.",
    )
    return_on_spike: bool = Field(
        False,
        title="Return after a spike",
        description="Go back to the last checkpoint when the loss leaps, and take other pictures.",
    )
    deterministic: bool = Field(
        False,
        title="Deterministic",
        description="Asks a GPU for the same run each time, as a CPU always does; slower.",
    )
    sample_every: int | None = Field(
        None,
        ge=1,
        title="Samples every",
        description="Steps; empty: when there can be something to see, then as often as takes a "
        "tenth of the time.",
    )
    sample_count: int = Field(
        16, ge=0, le=256, title="Sample count", description="Pictures in each preview; 0: none."
    )

    @model_validator(mode="before")
    @classmethod
    def _as_suits_the_preset(cls, given: Any) -> Any:
        """Fill in what was left out, or left empty, as the recipe of the preset has it."""
        if not isinstance(given, dict):
            return given
        preset = given.get("preset", cls.model_fields["preset"].default)
        known = isinstance(preset, str) and preset in PRESETS
        recipe = PRESETS[preset].recipe if known else {}
        return {**recipe, **{k: v for k, v in given.items() if v is not None or k not in recipe}}

    @field_validator("optimizer_options")
    @classmethod
    def _check_options(cls, given: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        return _options_of_entry(cls, OPTIMIZERS, info.data.get("optimizer"), given)

    @field_validator("minutes")
    @classmethod
    def _one_length(cls, minutes: float | None, info: ValidationInfo) -> float | None:
        if minutes is not None and info.data.get("epochs") is not None:
            raise ValueError("give the length in epochs or in minutes, not in both")
        return minutes

    @classmethod
    def may_change(cls) -> tuple[str, ...]:
        """Return the fields that a run may go on with other values of."""
        return cls._marked("may_change")

    @classmethod
    def by_preset(cls) -> tuple[str, ...]:
        """Return the fields whose values are those of the preset's recipe where left out."""
        return cls._marked("by_preset")

    @classmethod
    def _marked(cls, mark: str) -> tuple[str, ...]:
        extras = ((name, field.json_schema_extra) for name, field in cls.model_fields.items())
        return tuple(name for name, extra in extras if isinstance(extra, dict) and mark in extra)


def _as_in_training(name: str, default: object, description: str = "") -> Any:
    """Return a field of :class:`TrainRequest` with a default of its own, whatever the preset."""
    field = copy.copy(TrainRequest.model_fields[name])
    field.default, field.json_schema_extra = default, None
    field.description = description or field.description
    return field


class DistillRequest(Request):
    """Tune a few-step student of a model (Easy Consistency Tuning)."""

    run: Path
    steps: int = _as_in_training("steps", 4000)
    minutes: float | None = _as_in_training("minutes", None)
    batch_size: int = _as_in_training("batch_size", 32)
    seed: Seed = _as_in_training("seed", 0)
    device: Device = _as_in_training("device", "auto")
    precision: Precision = _as_in_training("precision", "auto")
    learning_rate: float = _as_in_training("learning_rate", 2e-4)
    learning_rate_schedule: Annotated[str, OneOf(LEARNING_RATES)] = _as_in_training(
        "learning_rate_schedule", "constant"
    )
    warmup_steps: int = _as_in_training("warmup_steps", 100)
    dropout: float | None = _as_in_training("dropout", None, "Empty: as the model was trained.")
    ema_decay: float = _as_in_training("ema_decay", 0.999)
    stages: int = Field(
        8,
        ge=1,
        le=64,
        title="Stages",
        description="How often the gap between the two levels of noise that are compared shrinks, "
        "evenly over the steps.",
    )
    shrink: float = Field(
        2.0, gt=1, le=1024, title="Shrink", description="By which factor it does so each time."
    )
    draw_steps: int = Field(
        2,
        ge=1,
        le=64,
        title="Steps of a drawing",
        description="In how many the student draws where none are named.",
    )
    checkpoint_every: int | None = _as_in_training("checkpoint_every", None)
    sample_every: int | None = _as_in_training("sample_every", None)
    sample_count: int = _as_in_training("sample_count", 16)


# Of an effect with those samplers alone that take it.
_AS_SAMPLER: JsonDict = {"option_of": "sampler"}


class DrawRequest(Request):
    """What all that draws pictures has in common."""

    steps: int | None = Field(
        None, ge=1, title="Steps", description="Of the sampler; empty: as suits it."
    )
    variance: FixedVariance = Field(
        "fixed_large",
        title="Variance",
        description="σₜ² of ancestral steps.",
        json_schema_extra=_AS_SAMPLER,
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
        description="Of the average, as a share of the training, for a run with EMA snapshots; "
        "empty: as it was trained.",
        json_schema_extra={"empty": "as trained"},
        # Drawn without, it is the drawing that it was before there were such runs.
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
        description="How closely to keep to the class: 1 as trained, more: closer.",
    )
    guidance_rescale: float = Field(
        0.0,
        ge=0,
        le=1,
        title="Guidance rescale",
        description="How far to bring the contrast of what is guided back to that without "
        "guidance; much guidance makes pictures too bright or too dark.",
        # Drawn without, it is the drawing that it was before there was one.
        exclude_if=lambda share: share == 0,
    )

    @field_validator("guidance_rescale")
    @classmethod
    def _check_guided(cls, share: float, info: ValidationInfo) -> float:
        if share and info.data.get("guidance") in (0, 1):
            raise ValueError("goes with a guidance other than 0 and 1")
        return share


class SamplerRequest(DrawRequest):
    """How to walk back from noise."""

    sampler: Sampler = Field(
        "ddpm",
        title="Sampler",
        description="How to walk back from noise.",
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
        description="What the sampler takes besides; for each a name and a number.",
        json_schema_extra={"options_of": "sampler"},
        # Drawn without, it is the drawing that it was before there were any.
        exclude_if=lambda given: not given,
    )

    respacing: str | None = Field(
        None,
        max_length=200,
        title="Respacing",
        description='In place of steps, as OpenAI\'s code has it: "10,15,20" keeps so many '
        'timesteps of each third, "ddim50" 50 at one whole stride from t = 1; empty: by steps.',
        # Drawn without, it is the drawing that it was before there was one.
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
    def _check_options(cls, given: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        return _options_of_entry(cls, SAMPLERS, info.data.get("sampler"), given)


# An animation asks for its moments where none are named.
_FRAMES_OF_GIF: JsonDict = {"terminal_default": "60 with --gif"}
Frames = Annotated[
    int,
    Field(
        ge=0,
        le=10000,
        title="Frames",
        description="How many moments of the process to keep.",
        json_schema_extra=_FRAMES_OF_GIF,
    ),
]


class SampleRequest(SamplerRequest):
    """Draw pictures from noise."""

    run: Path
    count: int = Field(16, ge=1, le=100_000, title="Count", description="How many pictures.")
    all_classes: bool = Field(
        False,
        title="All classes",
        description="As many of each class, one class after the other.",
        # Drawn without, it is the drawing that it was before there was this.
        exclude_if=lambda all_classes: not all_classes,
    )
    frames: Frames = 0


# The terminal knows the model before it fills in what was left out.
_HALF_OF_T: JsonDict = {"terminal_default": "500, or half of T if that is less"}


class ShareRequest(SamplerRequest):
    """Draw many x_0 from one shared x_t (DDPM Fig. 7)."""

    run: Path
    t: int = Field(
        500,
        ge=0,
        title="t",
        description="0: the picture itself … T: pure noise.",
        json_schema_extra=_HALF_OF_T,
    )
    count: int = Field(8, ge=1, le=10_000, title="Count", description="How many pictures.")
    frames: Frames = 0


class MixRequest(SamplerRequest):
    """What mixing pictures in latent space at t has in common."""

    run: Path
    t: int = Field(
        500,
        ge=0,
        title="t",
        description="0: blend of pixels … T: new pictures.",
        json_schema_extra=_HALF_OF_T,
    )
    steps_lambda: int = Field(
        9, ge=2, le=1000, title="λ steps", description="Pictures from λ=0 to λ=1, ends included."
    )
    mix: Literal["linear", "spherical"] = Field(
        "linear",
        title="Mix",
        description="linear as in the paper; spherical keeps the noise's variance.",
    )
    frames: Frames = 0


class InterpolateRequest(MixRequest):
    """Mix two pictures in latent space at t and decode (DDPM Fig. 8)."""

    u: float | None = Field(
        None, ge=0, le=1, title="u", description="One λ alone; of four corners, left to right."
    )
    v: float | None = Field(
        None, ge=0, le=1, title="v", description="Of four corners, top to bottom; goes with u."
    )


class PathRequest(MixRequest):
    """Walk through several pictures in latent space at t, from each to the next."""

    closed: bool = Field(False, title="Closed", description="From the last back to the first too.")


class AnimationOptions(Request):
    """Timing of the animation."""

    fps: float = Field(20.0, gt=0, le=240, title="Rate, frames/s", description="Frames a second.")
    hold: float = Field(
        2.0,
        ge=0,
        le=3600,
        title="Hold, seconds",
        description="Seconds that the last frame stays longer.",
    )
    loop: bool = Field(True, title="Loop", description="Begin again at the end.")
    easing: Literal["linear", "ease-out", "ease-in-out"] = Field(
        "linear",
        title="Easing",
        description="ease-out: slow down towards the end; ease-in-out: slow at both ends.",
    )


class AnimationRequest(AnimationOptions):
    """A moving picture of what a tool shows."""

    count: int | None = Field(
        None, ge=2, le=10000, title="Frames", description="How many to show; empty: all there are."
    )
    scale: int | None = Field(
        None, ge=1, le=64, title="Zoom", description="Whole factor; empty: a comfortable size."
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
        description="Whole factor; empty: 1 for PNG, a comfortable size for animations.",
    )
    bands: str = Field(
        "1,2,3",
        title="Bands",
        description="Which of more than four channels are seen as red, green and blue.",
        json_schema_extra={"metavar": "R,G,B"},
    )

    @field_validator("bands", mode="before")
    @classmethod
    def _check_bands(cls, bands: object) -> str:
        return bands_text(parse_bands(bands))


class ViewOptions(Request):
    """What the animation shows."""

    gif_view: Literal["x_t", "x0_hat", "eps", "both", "all"] = Field(
        "x_t",
        title="View",
        description="The noisy pictures, the predicted ones, the predicted noise, "
        "the first two (both) or all three.",
    )


class EncodeRequest(Request):
    """Find a latent of a picture: by q, or by DDIM walked upwards."""

    run: Path
    t: int | None = Field(
        None, ge=0, title="t", description="Where the latent lies; empty: T, the last."
    )
    method: Literal["q", "ddim"] = Field(
        "q",
        title="Method",
        description="q: noise is added; ddim: the latent that leads back to the picture.",
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=10000,
        title="Steps",
        description="From 0 to T; ddim only. More: more exact. Empty: 250, or T if that is less.",
    )
    iterations: int = Field(
        2,
        ge=1,
        le=20,
        title="Iterations",
        description="Network evaluations a step; ddim only. More: more exact.",
    )
    seed: Seed = Field(0, title="Seed", description="Of the noise; q only.")
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")


class ScheduleRequest(Request):
    """A noise schedule to look at."""

    schedule: Schedule = Field("linear", title="Noise schedule", description="How βₜ rises with t.")
    timesteps: int = Field(
        1000, ge=2, le=10000, title="Timesteps T", description="Length of the forward process."
    )
    beta_start: float = Field(
        BETA_START,
        gt=0,
        lt=1,
        title="β₁",
        description="Variance of the first step’s noise, where the schedule begins with it.",
    )
    beta_end: float = Field(
        BETA_END,
        gt=0,
        lt=1,
        title="β_T",
        description="Variance of the last step’s noise, where the schedule ends with it.",
    )


class PlayRequest(Request):
    """Train a small network on points of the plane."""

    shape: Literal["eight_gaussians", "moons", "spiral", "drawing"] = Field(
        "spiral", title="Shape", description="Where the points lie; drawing: your own."
    )
    steps: int = Field(2000, ge=1, le=100_000, title="Steps", description="Optimiser steps.")
    timesteps: int = Field(
        100, ge=10, le=1000, title="Timesteps T", description="Length of the forward process."
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same points.")


class InpaintRequest(DrawRequest):
    """Fill in the masked part of a picture (RePaint)."""

    run: Path
    count: int = Field(4, ge=1, le=10_000, title="Count", description="How many pictures.")
    jump: int = Field(
        10, ge=1, le=1000, title="Jump", description="Steps up again in each resampling."
    )
    resamplings: int = Field(
        5,
        ge=1,
        le=100,
        title="Resamplings",
        description="How often each stretch is walked; 1: once.",
    )
    frames: Frames = 0


class MeasureRequest(Request):
    """How to measure a model; shared by all that evaluates the bound."""

    run: Path
    timesteps: int | None = Field(
        None,
        ge=3,
        le=10000,
        title="Timesteps",
        description="How many to evaluate at most, more of them at small t; empty: all of them.",
    )
    variance: FixedVariance | None = Field(
        None, title="Variance", description="σₜ² of the reverse process; empty: as trained."
    )
    clip_x0: bool = Field(
        True, title="Clip x̂₀", description="Keep the predicted picture within the pixel range."
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same figures.")
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")


class BitsRequest(MeasureRequest):
    """Measure bits/dim over a set of pictures (DDPM eq. 5, Table 4)."""

    count: int = Field(
        16, ge=1, le=1_000_000, title="Count", description="Pictures, spread over the set."
    )
    batch: int | None = Field(
        None,
        ge=1,
        le=65536,
        title="Batch",
        description="Evaluations at once, which changes no figure; empty: as suits the device.",
    )
    flow: bool = Field(
        False,
        title="Flow",
        description="Also the exact log-likelihood by the probability-flow ODE; takes long.",
    )
    dequantise: Literal["uniform", "noise"] = Field(
        "uniform",
        title="Dequantise",
        description="For the flow. uniform: as published; noise: by x_1, to go with the bound.",
    )


class DecodeRequest(MeasureRequest):
    """Decode one picture progressively: what x_t tells of it, and at which rate (DDPM §4.3)."""

    moments: int = Field(
        10, ge=2, le=1000, title="Moments", description="How many t to show, from T to 1."
    )


class NeighboursRequest(Request):
    """Find the training pictures nearest to a picture."""

    run: Path
    count: int = Field(8, ge=1, le=10_000, title="Count", description="How many neighbours.")


class CompareRequest(Request):
    """How samples are compared with real pictures."""

    count: int = Field(
        1000,
        ge=2,
        le=100_000,
        title="Samples",
        description="How many; the real ones that tell the floor are as many.",
    )
    reference: int = Field(
        10_000,
        ge=2,
        le=10_000_000,
        title="Reference",
        description="Real pictures that they are compared with, at most; spread over the set.",
    )
    features: Annotated[str, OneOf(FEATURES)] | None = Field(
        None,
        title="Features",
        description="What they are compared in; empty: a classifier of the set where the pictures "
        "have classes, else their pixels.",
    )
    features_file: Path | None = Field(
        None,
        title="Weights of the features",
        description="File of the network whose features they are: a classifier that was kept, or "
        "Inception's weights; safetensors or of torch.save.",
        json_schema_extra={"metavar": "FILE"},
    )
    components: int | None = Field(
        None,
        ge=0,
        le=4096,
        title="Components",
        description="Principal components of the real pictures' features to project on; 0: none; "
        "empty: as suits the features.",
    )
    metric: Annotated[str, OneOf(METRICS)] | None = Field(
        None, title="Metric", description="Which one; empty: all that the features allow."
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same figures.")


class EvaluateRequest(CompareRequest, SamplerRequest):
    """Draw samples and compare them with real pictures (FID, KID, precision and recall)."""

    run: Path
    sampler: Sampler = Field(
        FEW_STEPS,
        title="Sampler",
        description="How to walk back from noise.",
    )
    by_class: bool = Field(
        True,
        title="By class",
        description="Draw the classes as often as the real pictures have them, where the model "
        "knows classes and none is chosen.",
    )


class ImportRequest(Request):
    """Read a model of another program: what its files do not say."""

    format: Annotated[str, OneOf(MODEL_FORMATS)] | None = Field(
        None, title="Format", description="Layout of the files; empty: as recognised."
    )
    image_size: Annotated[ImageSize, BeforeValidator(parse_image_size)] | None = Field(
        None,
        title="Image size",
        description="Of its pictures: side in pixels, or width × height such as 96x64.",
        json_schema_extra={"metavar": "N|WxH"},
    )
    schedule: Schedule | None = Field(
        None, title="Noise schedule", description="That it was trained with."
    )
    timesteps: int | None = Field(
        None, ge=2, le=10000, title="Timesteps T", description="That it was trained with."
    )
    parameterization: Parameterization | None = Field(
        None, title="Prediction", description="What the network predicts."
    )
    num_heads: int | None = Field(
        None, ge=1, le=1024, title="Attention heads", description="Of each attention."
    )
    num_head_channels: int | None = Field(
        None,
        ge=0,
        le=4096,
        title="Width of a head",
        description="In channels, in place of a number of heads; 0: by their number.",
    )
    new_attention_order: bool | None = Field(
        None,
        title="New attention order",
        description="Whether q, k and v come one after the other, each with all heads.",
    )
    rescale_timesteps: bool | None = Field(
        None,
        title="Rescaled timesteps",
        description="Whether the network is told t·1000/T.",
    )
    null_class: bool | None = Field(
        None,
        title="Last class is none",
        description="Whether the last class stands for no class, which guidance needs.",
    )


class PublishRequest(Request):
    """Pack a run to be shared (weights in half precision, samples, figures, a model card)."""

    run: Path
    title: str = Field(
        min_length=1, max_length=200, title="Title", description="What the model is called."
    )
    license: str = Field(
        min_length=1,
        max_length=200,
        title="Licence",
        description="Of the model, such as apache-2.0.",
    )
    credits: str | None = Field(
        None,
        max_length=2000,
        title="Credits",
        description="Whose the pictures are that it learnt, and under which licence.",
    )
    sample: str | None = Field(
        None,
        title="Sample set",
        description="The embedded set that goes with it, which tools are shown with where those "
        "pictures are not.",
    )
    count: int = Field(
        20,
        ge=1,
        le=1000,
        title="Count",
        description="Samples to draw, at least one of each class.",
    )
