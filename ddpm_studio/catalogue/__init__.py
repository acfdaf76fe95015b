"""What there is to choose from: the engine's tables, and what other packages add to them.

::

    from ddpm_studio import catalogue

    catalogue.SAMPLERS["ddim"].title
    catalogue.get("sampler", "ddim").load()

Nothing here needs torch. Other packages add entries by an entry point, see
:mod:`ddpm_studio.catalogue.plugins`.
"""

from __future__ import annotations

from typing import Any

from ddpm_studio.catalogue import plugins
from ddpm_studio.catalogue.data_formats import DATA_FORMATS, DataFormatInfo
from ddpm_studio.catalogue.measures import FEATURES, METRICS, FeatureInfo, Figure, MetricInfo
from ddpm_studio.catalogue.model_formats import MODEL_FORMATS, ModelFormatInfo
from ddpm_studio.catalogue.tools import TOOLS, DrawingInfo, Input, Offer, ToolInfo
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

#: Every table by what its entries are called.
KINDS: dict[str, Table[Any]] = plugins.KINDS

__all__ = [
    "DATA_FORMATS",
    "FEATURES",
    "KINDS",
    "LEARNING_RATES",
    "LOSSES",
    "METRICS",
    "MODEL_FORMATS",
    "NETWORKS",
    "OPTIMIZERS",
    "PARAMETERIZATIONS",
    "PRESETS",
    "SAMPLERS",
    "SCHEDULES",
    "TIMESTEP_SAMPLING",
    "TOOLS",
    "VARIANCES",
    "DataFormatInfo",
    "DrawingInfo",
    "Entry",
    "FeatureInfo",
    "Figure",
    "Input",
    "LearningRateInfo",
    "LossInfo",
    "MetricInfo",
    "ModelFormatInfo",
    "NetworkInfo",
    "Offer",
    "OptimizerInfo",
    "Option",
    "ParameterizationInfo",
    "PresetInfo",
    "Respacing",
    "SamplerInfo",
    "ScheduleInfo",
    "Table",
    "TimestepSamplingInfo",
    "ToolInfo",
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
        ValueError: there is no such kind, or none of that name; the message lists what there is.
    """
    if kind not in KINDS:
        raise UnknownNameError("kind", kind, KINDS)
    found: Entry = KINDS[kind][name]
    return found


Table.complete = plugins.load
