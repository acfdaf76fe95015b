"""``share RUN [IMAGE]``: many pictures from one latent [DDPM Fig. 7]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, validated, with_options
from ddpm_studio.cli.output import tell_drawn
from ddpm_studio.cli.target import AnimationOptions, Gif, GridOptions, Out, check_out, write_out
from ddpm_studio.cli.trajectory import Trajectory, ViewOptions
from ddpm_studio.requests import ShareRequest


@with_options(ShareRequest, GridOptions, AnimationOptions, ViewOptions, skip={"run"})
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Out,
    image: Annotated[
        Path | None,
        typer.Argument(
            metavar="IMAGE",
            help="The picture to share from; without it a latent is drawn from noise.",
            show_default=False,
        ),
    ] = None,
    gif: Gif = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Draw many pictures from one shared latent."""
    animation, grid = validated(AnimationOptions, given), validated(GridOptions, given)
    check_out(out)
    trajectory = Trajectory(gif, validated(ViewOptions, given), animation, grid)
    request = trajectory.ask(validated(ShareRequest, given, run=run))
    if gif is not None and request.t == 0:
        raise typer.BadParameter("at t = 0 there is no way to show.", param_hint="'--gif'")
    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import ModelStore, load_picture, share

    picture = None if image is None else load_picture(image, run)
    drawn = listen(share(request, picture, ModelStore()), trajectory)
    write_out(out, drawn.pictures, drawn.recipe, grid)
    tell_drawn([out, *trajectory.write(drawn.recipe)], drawn, json)
