"""``encode RUN IMAGE``: encode a picture as a latent, in a file for ``share --latent``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.export.atomic_writes import check_destination
from ddpm_studio.requests import EncodeRequest


@with_options(EncodeRequest, skip={"run"})
def command(
    run: Run,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The picture.")],
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="FILE.safetensors", help="The file to write.", show_default=False
        ),
    ],
    json: Json = False,
    **given: Any,
) -> None:
    """Encode a picture as a latent and write it to a file."""
    request = request_from_options(EncodeRequest, given, run=run)
    check_destination(out, {".safetensors"})
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, encode_picture, load_labelled_picture, save_latent
    from ddpm_studio.jobs.drawing.picture_classes import with_notice

    loaded = load_labelled_picture(image, run)
    job = encode_picture(request, loaded.picture, ModelStore())
    latent = run_job(with_notice("", job, [loaded]))
    save_latent(out, latent)
    if json:
        print_json({"out": out, "t": latent.t, "model": latent.model, "origin": latent.origin})
    else:
        print(out)
