"""``share RUN [IMAGE]``: draw many pictures from one shared latent [DDPM Fig. 7]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_drawing
from ddpm_studio.cli.output_files import (
    Gif,
    Npy,
    Out,
    check_output_path,
    grid_layout,
    write_pictures,
)
from ddpm_studio.cli.trajectory import TrajectoryRecorder
from ddpm_studio.export.atomic_writes import check_destination
from ddpm_studio.requests import (
    AnimationOptions,
    ArrayOptions,
    GridOptions,
    ShareRequest,
    ViewOptions,
)


@with_options(ShareRequest, GridOptions, AnimationOptions, ViewOptions, ArrayOptions, skip={"run"})
def command(
    run: Run,
    out: Out,
    image: Annotated[
        Path | None,
        typer.Argument(
            metavar="IMAGE",
            help="The picture to share from; without it a latent is drawn from noise.",
            show_default=False,
        ),
    ] = None,
    latent: Annotated[
        Path | None,
        typer.Option(
            "--latent",
            metavar="FILE.safetensors",
            help="Share this x_t, at its own t, instead of one made from IMAGE or noise.",
            show_default=False,
        ),
    ] = None,
    save_latent_to: Annotated[
        Path | None,
        typer.Option(
            "--save-latent",
            metavar="FILE.safetensors",
            help="Also write the shared x_t, for use elsewhere.",
            show_default=False,
        ),
    ] = None,
    gif: Gif = None,
    npy: Npy = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Draw many pictures from one shared latent."""
    animation, grid = request_from_options(AnimationOptions, given), grid_layout(given, run)
    check_output_path(out, given, alone=gif is None)
    view = request_from_options(ViewOptions, given)
    array_options = request_from_options(ArrayOptions, given)
    recorder = TrajectoryRecorder(given, gif, view, animation, grid, npy, array_options)
    if latent is not None and image is not None:
        raise typer.BadParameter("give IMAGE or --latent, not both.", param_hint="'--latent'")
    if save_latent_to is not None:
        check_destination(save_latent_to, {".safetensors"})
    request = recorder.with_frames(request_from_options(ShareRequest, given, run=run))
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, load_labelled_picture, load_latent, save_latent, share
    from ddpm_studio.jobs.drawing.default_t import with_default_t
    from ddpm_studio.jobs.drawing.picture_classes import with_notice, with_picture_classes

    labelled = [] if image is None else [load_labelled_picture(image, run)]
    request, notice = with_picture_classes(request, labelled)
    x_t = None if latent is None else load_latent(latent)
    if x_t is None:
        request = with_default_t(request, given)
    elif "t" not in given:
        request = request.model_copy(update={"t": x_t.t})
    for option, file in (("--gif", gif), ("--npy", npy)):
        if file is not None and request.t == 0:
            raise typer.BadParameter("at t = 0 there is no way to show.", param_hint=f"'{option}'")
    job = share(request, labelled[0].picture if labelled else None, ModelStore(), x_t)
    drawn = run_job(with_notice(notice, job, labelled), recorder)
    write_pictures(out, drawn.pictures, drawn.recipe, grid)
    written = [out, *recorder.write(drawn.recipe)]
    if save_latent_to is not None and drawn.shared is not None:
        save_latent(save_latent_to, drawn.shared)
        written.append(save_latent_to)
    print_drawing(written, drawn, json)
