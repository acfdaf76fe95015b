"""``share RUN [IMAGE]``: draw many pictures from one shared latent [DDPM Fig. 7]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, validated, with_options
from ddpm_studio.cli.output import tell_drawn
from ddpm_studio.cli.output_files import Gif, Npy, Out, check_out, layout, write_out
from ddpm_studio.cli.trajectory import TrajectoryRecorder
from ddpm_studio.export.atomic_writes import check_destination
from ddpm_studio.requests import (
    AnimationOptions,
    GridOptions,
    NumbersOptions,
    ShareRequest,
    ViewOptions,
)


@with_options(
    ShareRequest, GridOptions, AnimationOptions, ViewOptions, NumbersOptions, skip={"run"}
)
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
    animation, grid = validated(AnimationOptions, given), layout(given, run)
    check_out(out, given, alone=gif is None)
    view, numbers = validated(ViewOptions, given), validated(NumbersOptions, given)
    trajectory = TrajectoryRecorder(given, gif, view, animation, grid, npy, numbers)
    if latent is not None and image is not None:
        raise typer.BadParameter("give IMAGE or --latent, not both.", param_hint="'--latent'")
    if save_latent_to is not None:
        check_destination(save_latent_to, {".safetensors"})
    request = trajectory.ask(validated(ShareRequest, given, run=run))
    for option, file in (("--gif", gif), ("--npy", npy)):
        if file is not None and request.t == 0:
            raise typer.BadParameter("at t = 0 there is no way to show.", param_hint=f"'{option}'")
    from ddpm_studio.cli.job_runner import listen
    from ddpm_studio.jobs import ModelStore, load_latent, save_latent, share, take_picture
    from ddpm_studio.jobs.drawing.default_t import with_fitting_t
    from ddpm_studio.jobs.drawing.picture_classes import of_their_classes, told_before

    taken = [] if image is None else [take_picture(image, run)]
    request, told = of_their_classes(request, taken)
    x_t = None if latent is None else load_latent(latent)
    if x_t is None:
        request = with_fitting_t(request, given)
    elif "t" not in given:
        request = request.model_copy(update={"t": x_t.t})
    job = share(request, taken[0].picture if taken else None, ModelStore(), x_t)
    drawn = listen(told_before(told, job), trajectory)
    write_out(out, drawn.pictures, drawn.recipe, grid)
    written = [out, *trajectory.write(drawn.recipe)]
    if save_latent_to is not None and drawn.shared is not None:
        save_latent(save_latent_to, drawn.shared)
        written.append(save_latent_to)
    tell_drawn(written, drawn, json)
