"""Request for a report of a run, as an HTML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator

from ddpm_studio.catalogue.report_parts import REPORT_PARTS
from ddpm_studio.requests.base import Device, Request, Seed, Weights


class ReportRequest(Request):
    """Write a report of a run (the paper's figures and tables, on your own pictures)."""

    run: Path
    only: str | None = Field(
        None,
        title="Only",
        description=f"The only section to write, of {', '.join(REPORT_PARTS)}; empty: all.",
        json_schema_extra={"metavar": "NAME"},
    )
    quick: bool = Field(
        False, title="Quick", description="Fewer pictures, steps and timesteps; the report says so."
    )
    steps: int | None = Field(
        None,
        ge=1,
        le=10000,
        title="Steps",
        description="Steps of the sampler; empty: 250, 50 if quick, a few-step student's own "
        "number.",
    )
    count: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        title="Count",
        description="Pictures for bits/dim; empty: 64, 8 if quick.",
    )
    timesteps: int | None = Field(
        None,
        ge=3,
        le=10000,
        title="Timesteps",
        description="How many per picture to evaluate at most; empty: 100, 25 if quick.",
    )
    seed: Seed = Field(0, title="Seed", description="Same seed, same pictures and figures.")
    weights: Weights = Field("ema", title="Weights", description="ema: averaged; raw: latest.")
    device: Device = Field("auto", title="Device", description="auto: the GPU if there is one.")

    @field_validator("only")
    @classmethod
    def _check_only(cls, name: str | None) -> str | None:
        if name is not None and name not in REPORT_PARTS:
            *others, last = REPORT_PARTS
            raise ValueError(f"must be {', '.join(others)} or {last}")
        return name
