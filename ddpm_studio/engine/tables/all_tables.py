"""All tables of the engine."""

from __future__ import annotations

from typing import Any

from ddpm_studio.engine.tables.entry import Table
from ddpm_studio.engine.tables.learning_rates import LEARNING_RATES
from ddpm_studio.engine.tables.losses import LOSSES
from ddpm_studio.engine.tables.networks import NETWORKS, PRESETS
from ddpm_studio.engine.tables.optimizers import OPTIMIZERS
from ddpm_studio.engine.tables.parameterizations import PARAMETERIZATIONS
from ddpm_studio.engine.tables.samplers import SAMPLERS
from ddpm_studio.engine.tables.schedules import SCHEDULES
from ddpm_studio.engine.tables.timestep_sampling import TIMESTEP_SAMPLING
from ddpm_studio.engine.tables.variances import VARIANCES

#: All tables, in the order in which they are shown to users.
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
