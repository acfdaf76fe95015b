"""What there is to choose from, by kind; torch is not needed to know it.

Each list of names stands here and nowhere else: the engine looks its code up in these tables,
and requests, forms, options of the terminal and help are made from them.
"""

from __future__ import annotations

from typing import Any

from ddpm_studio.engine.tables.entry import Entry, Option, Table, UnknownNameError
from ddpm_studio.engine.tables.learning_rates import LEARNING_RATES, LearningRateInfo
from ddpm_studio.engine.tables.losses import LOSSES, LossInfo
from ddpm_studio.engine.tables.networks import NETWORKS, PRESETS, NetworkInfo, PresetInfo
from ddpm_studio.engine.tables.optimizers import OPTIMIZERS, OptimizerInfo
from ddpm_studio.engine.tables.parameterizations import PARAMETERIZATIONS, ParameterizationInfo
from ddpm_studio.engine.tables.samplers import SAMPLERS, SamplerInfo
from ddpm_studio.engine.tables.schedules import SCHEDULES, ScheduleInfo
from ddpm_studio.engine.tables.timestep_sampling import TIMESTEP_SAMPLING, TimestepSamplingInfo
from ddpm_studio.engine.tables.variances import VARIANCES, VarianceInfo

#: Every table, in the order in which people see them.
TABLES: tuple[Table[Any], ...] = (
    SAMPLERS,
    SCHEDULES,
    PARAMETERIZATIONS,
    VARIANCES,
    LOSSES,
    TIMESTEP_SAMPLING,
    PRESETS,
    NETWORKS,
    OPTIMIZERS,
    LEARNING_RATES,
)

__all__ = [
    "LEARNING_RATES",
    "LOSSES",
    "NETWORKS",
    "OPTIMIZERS",
    "PARAMETERIZATIONS",
    "PRESETS",
    "SAMPLERS",
    "SCHEDULES",
    "TABLES",
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
    "SamplerInfo",
    "ScheduleInfo",
    "Table",
    "TimestepSamplingInfo",
    "UnknownNameError",
    "VarianceInfo",
]
