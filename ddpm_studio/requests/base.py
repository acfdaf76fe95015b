"""Base class of all request models, and the field types that several of them share."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

# Don't load pydantic plug-ins that other packages have installed: they slow down the start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, Field

from ddpm_studio.catalogue.fields import OneOf
from ddpm_studio.engine.tables import PARAMETERIZATIONS, SAMPLERS, SCHEDULES, VARIANCES, Table

Device = Literal["auto", "cpu", "cuda", "mps"]
Precision = Literal["auto", "float32", "bf16"]
Weights = Literal["ema", "raw"]
Schedule = Annotated[str, OneOf(SCHEDULES)]
Sampler = Annotated[str, OneOf(SAMPLERS)]
Parameterization = Annotated[str, OneOf(PARAMETERIZATIONS)]
Variance = Annotated[str, OneOf(VARIANCES)]
# A learned variance can't be chosen for sampling: it comes with the trained network.
FixedVariance = Annotated[str, OneOf(VARIANCES, lambda variance: not variance.learned)]

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Request(BaseModel):
    """Base class of all requests: immutable after validation, without unknown fields."""

    # Validators are built at first use: most commands use only one of the models.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)


def options_of_entry(
    model: type[Request], table: Table[Any], name: object, options: dict[str, float]
) -> dict[str, float]:
    """Check the options of a chosen catalogue entry, and return them.

    Args:
        model: the request.
        table: the table of the entry.
        name: the entry's name.
        options: the options by name.

    Raises:
        ValueError: if the entry doesn't take one of them, or it is a field of the request.
    """
    if own_fields := model.model_fields.keys() & options.keys():
        raise ValueError(f"{min(own_fields)} has a field of its own")
    # The options of an entry from a file that is unknown here can't be checked.
    if options and isinstance(name, str) and name in table:
        table[name].check(options)
    return options
