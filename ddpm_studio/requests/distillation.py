"""Request for distilling a model into a few-step student by consistency tuning."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.engine.tables import LEARNING_RATES
from ddpm_studio.requests.base import Device, Precision, Request, Seed
from ddpm_studio.requests.training import TrainRequest


def _training_field(name: str, default: object, description: str = "") -> Any:
    """Return a copy of a field of :class:`TrainRequest` with its own default for all presets."""
    field = copy.copy(TrainRequest.model_fields[name])
    field.default, field.json_schema_extra = default, None
    field.description = description or field.description
    return field


class DistillRequest(Request):
    """Tune a few-step student of a model (Easy Consistency Tuning)."""

    run: Path
    steps: int = _training_field("steps", 4000)
    minutes: float | None = _training_field("minutes", None)
    batch_size: int = _training_field("batch_size", 32)
    seed: Seed = _training_field("seed", 0)
    device: Device = _training_field("device", "auto")
    precision: Precision = _training_field("precision", "auto")
    learning_rate: float = _training_field("learning_rate", 2e-4)
    learning_rate_schedule: Annotated[str, OneOf(LEARNING_RATES)] = _training_field(
        "learning_rate_schedule", "constant"
    )
    warmup_steps: int = _training_field("warmup_steps", 100)
    dropout: float | None = _training_field("dropout", None, "Empty: as the model was trained.")
    ema_decay: float = _training_field("ema_decay", 0.999)
    stages: int = Field(
        8,
        ge=1,
        le=64,
        title="Stages",
        description="How often the gap between the two noise levels of the consistency loss "
        "shrinks, evenly over the steps.",
    )
    shrink: float = Field(
        2.0,
        gt=1,
        le=1024,
        title="Shrink",
        description="Factor by which the gap shrinks at each stage.",
    )
    draw_steps: int = Field(
        2,
        ge=1,
        le=64,
        title="Steps of a drawing",
        description="Default number of sampling steps of the student.",
    )
    checkpoint_every: int | None = _training_field("checkpoint_every", None)
    sample_every: int | None = _training_field("sample_every", None)
    sample_count: int = _training_field("sample_count", 16)
