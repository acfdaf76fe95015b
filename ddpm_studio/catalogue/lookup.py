"""Lookup of catalogue entries by kind and name; also exports the engine's tables."""

from __future__ import annotations

from ddpm_studio.catalogue.plugins import KINDS
from ddpm_studio.engine.tables import (
    LEARNING_RATES,
    LOSSES,
    NETWORKS,
    OPTIMIZERS,
    PARAMETERIZATIONS,
    PRESETS,
    SAMPLERS,
    SCHEDULES,
    TIMESTEP_SAMPLING,
    VARIANCES,
    Entry,
    LearningRateInfo,
    LossInfo,
    NetworkInfo,
    OptimizerInfo,
    Option,
    ParameterizationInfo,
    PresetInfo,
    SamplerInfo,
    ScheduleInfo,
    Table,
    TimestepSamplingInfo,
    UnknownNameError,
    VarianceInfo,
)
from ddpm_studio.engine.tables.respacing import Respacing

__all__ = [
    "KINDS",
    "LEARNING_RATES",
    "LOSSES",
    "NETWORKS",
    "OPTIMIZERS",
    "PARAMETERIZATIONS",
    "PRESETS",
    "SAMPLERS",
    "SCHEDULES",
    "TIMESTEP_SAMPLING",
    "VARIANCES",
    "Entry",
    "LearningRateInfo",
    "LossInfo",
    "NetworkInfo",
    "OptimizerInfo",
    "Option",
    "ParameterizationInfo",
    "PresetInfo",
    "Respacing",
    "SamplerInfo",
    "ScheduleInfo",
    "Table",
    "TimestepSamplingInfo",
    "UnknownNameError",
    "VarianceInfo",
    "get",
]


def get(kind: str, name: str) -> Entry:
    """Return an entry by its kind and name.

    Args:
        kind: a key of :data:`KINDS`, such as "sampler".
        name: such as "ddim".

    Raises:
        ValueError: if there is no such kind or name; the message lists the valid ones.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)
    found: Entry = KINDS[kind][name]
    return found
