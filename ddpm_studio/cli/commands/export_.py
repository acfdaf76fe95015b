"""``export RUN --diffusers DIR``: export a run's model for diffusers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddpm_studio.cli.options import Json, Run
from ddpm_studio.cli.output import print_json
from ddpm_studio.requests import Weights


def command(
    run: Run,
    diffusers: Annotated[
        Path,
        typer.Option("--diffusers", metavar="DIR", help="The folder to write.", show_default=False),
    ],
    weights: Annotated[
        Weights,
        typer.Option(
            "--weights", help="ema: averaged; raw: latest. Default: ema.", show_default=False
        ),
    ] = "ema",
    license: Annotated[
        str,
        typer.Option(
            "--license",
            metavar="NAME",
            help="Of the model, for its card, as the Hugging Face Hub names it, such as "
            "apache-2.0. Default: unknown.",
            show_default=False,
        ),
    ] = "unknown",
    json: Json = False,
) -> None:
    """Write a run as a diffusers DDPMPipeline folder."""
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import export_diffusers

    folder = run_job(export_diffusers(run, diffusers, weights, license))
    if json:
        print_json({"diffusers": folder})
    else:
        print(folder)
