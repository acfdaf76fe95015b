"""``report RUN [DATA…]``: the paper's figures and tables for a run, as an HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, data_argument, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.export.atomic_writes import check_destination
from ddpm_studio.requests import ReportRequest


@with_options(ReportRequest, skip={"run"})
def command(
    run: Run,
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE.html", help="The file to write.", show_default=False
        ),
    ],
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="Pictures to measure and to begin with, or sample:NAME; without them those it "
            "was trained on."
        ),
    ] = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Write a report: the paper's figures and tables of a run, as one HTML file."""
    request = request_from_options(ReportRequest, given, run=run)
    check_destination(out, {".html"})
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, report

    written = run_job(report(request, data or [], out, ModelStore()))
    if json:
        print_json({"report": written})
    else:
        print(written)
