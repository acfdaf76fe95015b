"""A run's figures for other programs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ddpm_studio.requests.base import Request


class FiguresRequest(Request):
    """Write a run's figures for other programs."""

    run: Path
    csv: Path | None = Field(
        None,
        title="CSV",
        description="A table with a line for each step.",
        json_schema_extra={"metavar": "FILE.csv"},
    )
    tensorboard: Path | None = Field(
        None,
        title="TensorBoard",
        description="A folder of the run's own for event files; needs the extra tensorboard.",
        json_schema_extra={"metavar": "DIR"},
    )
    follow: bool = Field(
        False, title="Follow", description="Go on while the run is trained, until that ends."
    )
