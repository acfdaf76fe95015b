"""``import MODEL --run RUN``: import another program's model as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.cli.options import Json, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.requests import ImportRequest


@with_options(ImportRequest)
def command(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="MODEL", help="A folder of diffusers, or a checkpoint of another program."
        ),
    ],
    run: Annotated[
        Path,
        typer.Option("--run", metavar="RUN", help="The run folder to write.", show_default=False),
    ],
    json: Json = False,
    **given: Any,
) -> None:
    """Import a model of another program as a run."""
    request = request_from_options(ImportRequest, given)
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import import_model

    folder = run_job(import_model(source, run, request, option_name))
    if json:
        print_json({"run": folder})
    else:
        print(folder)
