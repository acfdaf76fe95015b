"""``share RUN [IMAGE]``: many pictures from one latent [DDPM Fig. 7]."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio.cli.options import Json, validated, with_options
from ddpm_studio.cli.output import emit
from ddpm_studio.cli.target import GridOptions, Out, check_out, write_out
from ddpm_studio.requests import ShareRequest


@with_options(ShareRequest, GridOptions, skip={"run"})
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
    json: Json = False,
    **given: Any,
) -> None:
    """Draw many pictures from one shared latent."""
    request, grid = validated(ShareRequest, given, run=run), validated(GridOptions, given)
    check_out(out)
    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import ModelStore, load_picture, share

    picture = None if image is None else load_picture(image, run)
    drawn = listen(share(request, picture, ModelStore()))
    write_out(out, drawn.pictures, drawn.recipe, grid)
    if json:
        emit({"out": out, "count": len(drawn.pictures), "recipe": drawn.recipe})
    else:
        print(out)
