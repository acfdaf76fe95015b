"""``metrics RUN``: export training metrics as a CSV table, or for TensorBoard."""

from __future__ import annotations

from typing import Any

from ddpm_studio.cli.options import Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.export.atomic_writes import check_destination
from ddpm_studio.requests import ExportMetricsRequest


@with_options(ExportMetricsRequest, skip={"run"})
def command(run: Run, json: Json = False, **given: Any) -> None:
    """Write a run's figures as a CSV table, or as event files of TensorBoard."""
    request = request_from_options(ExportMetricsRequest, given, run=run)
    if request.csv is not None:
        check_destination(request.csv, {".csv"})
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs.library.metrics_export import export_metrics

    written = run_job(export_metrics(request))
    paths = [path for path in (request.csv, request.tensorboard) if path is not None]
    if json:
        print_json({"csv": request.csv, "tensorboard": request.tensorboard, "steps": written})
    else:
        print(*paths, sep="\n")
