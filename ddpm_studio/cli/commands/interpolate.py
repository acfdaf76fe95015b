"""``interpolate RUN A B [C D]``: interpolate pictures in latent space [DDPM Fig. 8]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio import export
from ddpm_studio.cli.options import Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_drawing
from ddpm_studio.cli.output_files import (
    NAME_GIF,
    Gif,
    Out,
    check_output_path,
    grid_layout,
    reject_unused_options,
    write_animation,
    write_pictures,
)
from ddpm_studio.jobs.drawing.picture_files import row_length
from ddpm_studio.requests import AnimationOptions, GridOptions, InterpolateRequest


@with_options(InterpolateRequest, GridOptions, AnimationOptions, skip={"run", "frames"})
def command(
    run: Run,
    a: Annotated[Path, typer.Argument(metavar="A", help="The picture at λ = 0.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="The picture at λ = 1.")],
    out: Out,
    c: Annotated[
        Path | None,
        typer.Argument(
            metavar="C", help="With D: the lower corners of a square.", show_default=False
        ),
    ] = None,
    d: Annotated[
        Path | None, typer.Argument(metavar="D", help="See C.", show_default=False)
    ] = None,
    gif: Gif = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Interpolate between pictures in latent space."""
    request = request_from_options(InterpolateRequest, given, run=run)
    animation, grid = request_from_options(AnimationOptions, given), grid_layout(given, run)
    check_output_path(out, given, alone=gif is None)
    reject_unused_options(given, gif, NAME_GIF, AnimationOptions)
    if gif is not None:
        export.check_animation(gif)
    if (c is None) != (d is None):
        raise typer.BadParameter("a square has four corners: give D too.", param_hint="'D'")
    if grid.columns is None:
        grid = grid.model_copy(update={"columns": row_length(request)})
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, interpolate, load_labelled_picture
    from ddpm_studio.jobs.drawing.default_t import with_default_t
    from ddpm_studio.jobs.drawing.picture_classes import with_notice, with_picture_classes

    labelled = [load_labelled_picture(path, run) for path in (a, b, c, d) if path is not None]
    request, notice = with_picture_classes(with_default_t(request, given), labelled)
    job = interpolate(request, [entry.picture for entry in labelled], ModelStore())
    drawn = run_job(with_notice(notice, job, labelled))
    write_pictures(out, drawn.pictures, drawn.recipe, grid)
    written = [out]
    if gif is not None:
        write_animation(gif, list(drawn.pictures), animation, grid, recipe=drawn.recipe)
        written.append(gif)
    print_drawing(written, drawn, json)
