"""Request for exporting a run's metrics: CSV, TensorBoard."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from ddpm_studio.requests.base import Request


class ExportMetricsRequest(Request):
    """Export a run's metrics for other programs."""

    run: Path
    csv: Path | None = Field(
        None,
        title="CSV",
        description="CSV table with a row for each step.",
        json_schema_extra={"metavar": "FILE.csv"},
    )
    tensorboard: Path | None = Field(
        None,
        title="TensorBoard",
        description="Folder for this run's event files; needs the extra tensorboard.",
        json_schema_extra={"metavar": "DIR"},
    )
    follow: bool = Field(
        False, title="Follow", description="Keep writing while the run is being trained."
    )
