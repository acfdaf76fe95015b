"""Base of all requests, and the kinds of fields that several of them have."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

# Plugins of pydantic that others have installed are neither wanted nor waited for.
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
# Of one that is learned there is nothing to choose once the network is trained.
FixedVariance = Annotated[str, OneOf(VARIANCES, lambda variance: not variance.learned)]

Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Request(BaseModel):
    """Base of all requests: unknown fields are refused and nothing changes after validation."""

    # Each is built when it is first used: most commands use one of many.
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, defer_build=True)


def options_of_entry(
    model: type[Request], table: Table[Any], chosen: object, given: dict[str, float]
) -> dict[str, float]:
    """Refuse options that the chosen entry does not take, or that are fields of the request."""
    if own := model.model_fields.keys() & given.keys():
        raise ValueError(f"{min(own)} has a field of its own")
    # One that is believed and not here can't be asked what it takes.
    if given and isinstance(chosen, str) and chosen in table:
        table[chosen].check(given)
    return given
