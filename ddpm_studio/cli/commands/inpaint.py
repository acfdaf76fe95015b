"""``inpaint RUN IMAGE --mask MASK``: fill in a part of a picture [RePaint]."""

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
from ddpm_studio.requests import (
    AnimationOptions,
    ArrayOptions,
    GridOptions,
    InpaintRequest,
    ViewOptions,
)


@with_options(
    InpaintRequest, GridOptions, AnimationOptions, ViewOptions, ArrayOptions, skip={"run"}
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
    animation, grid = request_from_options(AnimationOptions, given), grid_layout(given, run)
    check_output_path(out, given, alone=gif is None)
    view = request_from_options(ViewOptions, given)
    array_options = request_from_options(ArrayOptions, given)
    recorder = TrajectoryRecorder(given, gif, view, animation, grid, npy, array_options)
    request = recorder.with_frames(request_from_options(InpaintRequest, given, run=run))
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, inpaint, load_labelled_picture, load_mask
    from ddpm_studio.jobs.drawing.picture_classes import with_notice, with_picture_classes

    labelled = load_labelled_picture(image, run)
    request, notice = with_picture_classes(request, [labelled])
    job = inpaint(request, labelled.picture, load_mask(mask, run), ModelStore())
    drawn = run_job(with_notice(notice, job, [labelled]), recorder)
    write_pictures(out, drawn.pictures, drawn.recipe, grid)
    print_drawing([out, *recorder.write(drawn.recipe)], drawn, json)
