"""``inpaint RUN IMAGE --mask MASK``: fill in a part of a picture [RePaint]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, validated, with_options
from ddpm_studio.cli.output import tell_drawn
from ddpm_studio.cli.output_files import Gif, Npy, Out, check_out, layout, write_out
from ddpm_studio.cli.trajectory import TrajectoryRecorder
from ddpm_studio.requests import (
    AnimationOptions,
    GridOptions,
    InpaintRequest,
    NumbersOptions,
    ViewOptions,
)


@with_options(
    InpaintRequest, GridOptions, AnimationOptions, ViewOptions, NumbersOptions, skip={"run"}
)
def command(
    run: Run,
    image: Annotated[Path, typer.Argument(metavar="IMAGE", help="The picture.")],
    mask: Annotated[
        Path,
        typer.Option(
            "--mask",
            metavar="MASK",
            help="A picture, white where IMAGE is to be filled in.",
            show_default=False,
        ),
    ],
    out: Out,
    gif: Gif = None,
    npy: Npy = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Fill in the masked part of a picture."""
    animation, grid = validated(AnimationOptions, given), layout(given, run)
    check_out(out, given, alone=gif is None)
    view, numbers = validated(ViewOptions, given), validated(NumbersOptions, given)
    trajectory = TrajectoryRecorder(given, gif, view, animation, grid, npy, numbers)
    request = trajectory.ask(validated(InpaintRequest, given, run=run))
    from ddpm_studio.cli.job_runner import listen
    from ddpm_studio.jobs import ModelStore, inpaint, load_mask, take_picture
    from ddpm_studio.jobs.drawing.picture_classes import of_their_classes, told_before

    taken = take_picture(image, run)
    request, told = of_their_classes(request, [taken])
    job = inpaint(request, taken.picture, load_mask(mask, run), ModelStore())
    drawn = listen(told_before(told, job), trajectory)
    write_out(out, drawn.pictures, drawn.recipe, grid)
    tell_drawn([out, *trajectory.write(drawn.recipe)], drawn, json)
