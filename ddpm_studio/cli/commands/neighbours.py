"""``neighbours RUN PICTURE``: nearest training pictures, to detect memorisation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio import export
from ddpm_studio.cli.options import Json, Run, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.cli.output_files import grid_layout, reject_unused_options, write_pictures
from ddpm_studio.requests import GridOptions, NeighboursRequest

_SCALE = "RMSE: how far the pixels differ, from 0, the same picture, to 255, black against white."


@with_options(NeighboursRequest, GridOptions, skip={"run"})
def command(
    run: Run,
    picture: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="The picture to find neighbours of.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.png",
            help="Also a PNG: the picture, then its neighbours, nearest first.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Find the training pictures nearest to a picture."""
    request, grid = request_from_options(NeighboursRequest, given, run=run), grid_layout(given, run)
    reject_unused_options(given, out, "name the picture with --out", GridOptions)
    if out is not None:
        export.check_destination(out, {".png"})
    import numpy as np

    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import find_neighbours, load_labelled_picture
    from ddpm_studio.jobs.drawing.picture_classes import with_notice

    loaded = load_labelled_picture(picture, run)
    pixels = loaded.picture
    found = run_job(with_notice("", find_neighbours(request, pixels), [loaded]))
    if out is not None:
        recipe: dict[str, object] = {
            "kind": "neighbours",
            "request": request.model_dump(mode="json"),
        }
        write_pictures(out, np.concatenate([pixels[None], found.pictures]), recipe, grid)
    if json:
        keys = ("number", "name", "distance", "mirrored")
        rows = zip(found.numbers, found.names, found.distances, found.mirrored, strict=True)
        print_json(
            {
                "out": out,
                "neighbours": [dict(zip(keys, row, strict=True)) for row in rows],
                "among_themselves": found.among_themselves,
            }
        )
        return
    names = [
        name or f"Picture {number:,}"
        for number, name in zip(found.numbers, found.names, strict=True)
    ]
    width = max(map(len, names))
    for name, distance, mirrored in zip(names, found.distances, found.mirrored, strict=True):
        print(f"{name:<{width}}  RMSE {distance:7.2f}{'  mirrored' if mirrored else ''}")
    print(_SCALE)
    if found.among_themselves is not None:
        print(
            f"To judge by: {names[0]} is {found.among_themselves:.2f} from the training picture "
            "most like it. A distance far below that speaks of a copy, one about as large or "
            "larger of a new picture."
        )
