"""``neighbours RUN PICTURE``: is it learnt by heart?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ddpm_studio import export
from ddpm_studio.cli.options import Json, validated, with_options
from ddpm_studio.cli.output import emit
from ddpm_studio.requests import NeighboursRequest


@with_options(NeighboursRequest, skip={"run"})
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    picture: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="The picture to find neighbours of.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.png",
            help="A PNG too: the picture, then its neighbours, nearest first.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Find the training pictures nearest to a picture."""
    request = validated(NeighboursRequest, given, run=run)
    if out is not None:
        export.check_destination(out, {".png"})
    import numpy as np

    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import find_neighbours, load_picture

    asked = load_picture(picture, run)
    found = listen(find_neighbours(request, asked))
    if out is not None:
        recipe: dict[str, object] = {
            "kind": "neighbours",
            "request": request.model_dump(mode="json"),
        }
        export.save_png(out, np.concatenate([asked[None], found.pictures]), recipe)
    if json:
        emit(
            {
                "out": out,
                "neighbours": [
                    {"number": number, "distance": distance, "mirrored": mirrored}
                    for number, distance, mirrored in zip(
                        found.numbers, found.distances, found.mirrored, strict=True
                    )
                ],
                "among_themselves": found.among_themselves,
            }
        )
        return
    for number, distance, mirrored in zip(
        found.numbers, found.distances, found.mirrored, strict=True
    ):
        print(f"Picture {number:>8,}  RMSE {distance:7.2f}{'  mirrored' if mirrored else ''}")
    if found.among_themselves is not None:
        print(f"The nearest of them is {found.among_themselves:.2f} from its own nearest other.")
