"""``import DIR --run R``: a model of diffusers as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ddpm_studio.cli.options import Json
from ddpm_studio.cli.output import emit


def command(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="A folder that DDPMPipeline has written.")
    ],
    run: Annotated[
        Path,
        typer.Option("--run", metavar="RUN", help="The run folder to write.", show_default=False),
    ],
    json: Json = False,
) -> None:
    """Make a run of a diffusers DDPMPipeline folder."""
    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import import_diffusers

    made = listen(import_diffusers(source, run))
    if json:
        emit({"run": made})
    else:
        print(made)
