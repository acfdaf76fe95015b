"""``publish RUN DIR``: pack a run for sharing, with a model card."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, data_argument, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.requests import PublishRequest


@with_options(PublishRequest, skip={"run"})
def command(
    run: Run,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write.")],
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="The pictures that it was evaluated with, where they are neither those it was "
            "trained on nor the sample set."
        ),
    ] = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Pack a run for sharing, with samples, figures and a model card."""
    request = request_from_options(PublishRequest, given, run=run)
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, publish

    packed = run_job(publish(request, folder, ModelStore(), data or ()))
    if json:
        print_json({"model": packed.path, "bytes": packed.size})
    else:
        print(f"{packed.path}: {packed.size / 1e6:.1f} MB")
