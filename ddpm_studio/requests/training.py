"""Training request: all settings of a training run."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    Field,
    ModelWrapValidatorHandler,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.engine.tables import LEARNING_RATES, LOSSES, OPTIMIZERS, PRESETS, TIMESTEP_SAMPLING
from ddpm_studio.engine.tables.optimizers import WEIGHT_DECAY
from ddpm_studio.requests.base import (
    Device,
    Parameterization,
    Precision,
    Request,
    Schedule,
    Seed,
    Variance,
    options_of_entry,
)
from ddpm_studio.requests.devices import device_list

Preset = Annotated[str, OneOf(PRESETS)]
# Marks fields that may differ when a run is resumed; run.json records the changes.
_MAY_CHANGE: JsonDict = {"may_change": True}
# Marks fields whose default is that of the preset's recipe or, without one, the field's own.
_BY_PRESET: JsonDict = {"by_preset": True}


class TrainRequest(Request):
    """Training of a network."""

    preset: Preset = Field(
        "patches",
        title="Network",
        description="Architecture and size.",
    )
    steps: int = Field(
        5000,
        ge=1,
        le=100_000_000,
        title="Steps",
        description="Optimiser steps in total.",
        json_schema_extra=_MAY_CHANGE,
    )
    epochs: float | None = Field(
        None,
        gt=0,
        le=1e8,
        title="Epochs",
        description="Instead of steps: how often each picture is seen; empty: by steps.",
        json_schema_extra={**_MAY_CHANGE, "empty": "by steps"},
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=1e6,
        title="Minutes",
        description="Instead of steps: as many as fit into this time; empty: by steps.",
        json_schema_extra={**_MAY_CHANGE, "empty": "by steps"},
    )
    batch_size: int = Field(
        32,
        ge=1,
        le=65536,
        title="Batch size",
        description="Pictures in one pass.",
        json_schema_extra={**_MAY_CHANGE, **_BY_PRESET},
    )
    accumulation: int = Field(
        1,
        ge=1,
        le=4096,
        title="Accumulation",
        description="Gradient accumulation: passes, of a batch each, in one optimiser step.",
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
    devices: str | None = Field(
        None,
        title="Devices",
        description="Several devices that share each batch, a process each (data parallel): "
        "numbers of GPUs such as 0,1,2,3, all, or cpu,cpu; empty: one.",
        json_schema_extra={**_MAY_CHANGE, "metavar": "0,1,…", "empty": "one"},
        # Left out of dumps if unset, so that runs on one device stay as before it was added.
        exclude_if=lambda text: text is None,
    )
    threads: int | None = Field(
        None,
        ge=1,
        le=1024,
        title="Threads",
        description="CPU threads; empty: one per core, or a single one while other programs make "
        "that faster, which changes the last bits of sums.",
        json_schema_extra=_MAY_CHANGE,
    )
    precision: Precision = Field(
        "auto", title="Precision", description="auto: bf16 where the device does it well."
    )
    optimizer: Annotated[str, OneOf(OPTIMIZERS)] = Field(
        "adam",
        title="Optimiser",
        description="Optimisation algorithm.",
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
        description="Further options of the optimiser, each a name and a number.",
        json_schema_extra={"options_of": "optimizer"},
        # Left out of dumps if unset, so that runs stay as they were before it was added.
        exclude_if=lambda options: not options,
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
        description="Course of the learning rate after the warm-up, until the last step.",
        json_schema_extra={**_MAY_CHANGE, **_BY_PRESET},
    )
    warmup_steps: int = Field(
        500,
        ge=0,
        title="Warm-up steps",
        description="Steps in which the learning rate rises linearly from 0.",
        json_schema_extra=_BY_PRESET,
    )
    grad_clip: float = Field(
        1.0,
        gt=0,
        title="Gradient clip",
        description="Largest norm of the gradient; longer ones are scaled down.",
    )
    dropout: float | None = Field(
        None, ge=0, lt=1, title="Dropout", description="Empty: as the preset has it."
    )
    ema_decay: float = Field(
        0.9999,
        ge=0,
        lt=1,
        title="EMA decay",
        description="Decay of the averaged weights, reached by a warm-up.",
        json_schema_extra=_BY_PRESET,
    )
    power_ema: bool = Field(
        False,
        title="EMA snapshots",
        description="Keep snapshots from which an average of any length is made when drawing.",
    )
    held_out: float = Field(
        0.0,
        ge=0,
        lt=1,
        title="Held out",
        description="Share of the pictures, 4,096 at most, that are not trained on: where their "
        "loss rises and that of the others falls, the model memorises.",
    )
    flip: bool | None = Field(
        None,
        title="Random flips",
        description="Mirror pictures left to right at random; empty: unless they can be told "
        "from their mirror images.",
        json_schema_extra={**_BY_PRESET, "empty": "where they suit"},
    )
    augmentation: float | None = Field(
        None,
        ge=0,
        le=1,
        title="Augmentation",
        description="Probability of each way in which a picture is mirrored, rotated, scaled, "
        "stretched or shifted; the network is conditioned on it, so that samples are not. Prevents "
        "memorising; empty: for few pictures.",
        json_schema_extra={**_BY_PRESET, "empty": "if few"},
    )
    immiscible: bool = Field(
        False,
        title="Immiscible noise",
        description="Assign each picture of a batch the noise nearest to it: samples resemble the "
        "data sooner, but are less surely of their class, and bits/dim hold only approximately.",
    )
    schedule: Schedule = Field(
        "linear",
        title="Noise schedule",
        description="How βₜ depends on t.",
        json_schema_extra=_BY_PRESET,
    )
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
        description="Rescale βₜ so that xₜ at T is pure noise; not where ε is predicted.",
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
        description="Objective that training minimises.",
        json_schema_extra=_BY_PRESET,
    )
    timestep_sampling: Annotated[str, OneOf(TIMESTEP_SAMPLING)] = Field(
        "uniform",
        title="Choice of t",
        description="Distribution of the timesteps t in training.",
        json_schema_extra=_BY_PRESET,
    )
    class_conditional: bool | None = Field(
        None,
        title="Classes",
        description="Condition on the labels, to draw chosen classes; empty: if there are any.",
        json_schema_extra={"empty": "if labelled"},
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
        description="Steps between checkpoints; every five minutes in any case.",
    )
    return_on_spike: bool = Field(
        False,
        title="Return after a spike",
        description="Return to the last checkpoint when the loss spikes; take other pictures.",
    )
    deterministic: bool = Field(
        False,
        title="Deterministic",
        description="Reproducible training on a GPU, as always on a CPU; slower.",
    )
    sample_every: int | None = Field(
        None,
        ge=1,
        title="Samples every",
        description="Steps between previews; empty: once there can be something to see, as often "
        "as takes a tenth of the time.",
    )
    sample_count: int = Field(
        16, ge=0, le=256, title="Sample count", description="Pictures in each preview; 0: none."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _fill_from_preset(cls, given: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Fill in fields that were left out, or left empty, from the preset's recipe."""
        if not isinstance(given, dict):
            return handler(given)
        preset = given.get("preset", cls.model_fields["preset"].default)
        known = isinstance(preset, str) and preset in PRESETS
        recipe = PRESETS[preset].recipe if known else {}
        # For these fields None is a valid value: chosen to suit the pictures.
        by_data = {name for name in cls.preset_fields() if cls.model_fields[name].default is None}
        fillable = recipe.keys() - by_data
        explicit = {k: v for k, v in given.items() if v is not None or k not in fillable}
        request = handler({**recipe, **explicit})
        # Resuming applies only the fields that were named, not those from the recipe.
        request.model_fields_set.difference_update(recipe.keys() - explicit.keys())
        return request

    @field_validator("devices")
    @classmethod
    def _check_devices(cls, text: str | None) -> str | None:
        return None if text is None else device_list(text)

    @field_validator("optimizer_options")
    @classmethod
    def _check_options(cls, options: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        return options_of_entry(cls, OPTIMIZERS, info.data.get("optimizer"), options)

    @field_validator("minutes")
    @classmethod
    def _check_minutes(cls, minutes: float | None, info: ValidationInfo) -> float | None:
        if minutes is not None and info.data.get("epochs") is not None:
            raise ValueError("give the length in epochs or in minutes, not in both")
        return minutes

    @property
    def pictures_per_step(self) -> int:
        """The number of pictures in an optimiser step: batch size × accumulation."""
        return self.batch_size * self.accumulation

    @classmethod
    def changeable_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields that may be changed when a run is resumed."""
        return cls._fields_marked("may_change")

    @classmethod
    def preset_fields(cls) -> tuple[str, ...]:
        """Return the names of the fields whose defaults come from the preset's recipe."""
        return cls._fields_marked("by_preset")

    @classmethod
    def _fields_marked(cls, mark: str) -> tuple[str, ...]:
        extras = ((name, field.json_schema_extra) for name, field in cls.model_fields.items())
        return tuple(name for name, extra in extras if isinstance(extra, dict) and mark in extra)
