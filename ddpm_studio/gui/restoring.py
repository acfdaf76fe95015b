"""From a picture's recipe back to the request that made it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from ddpm_studio.errors import StudioError
from ddpm_studio.export import read_recipe
from ddpm_studio.requests import SampleRequest

_NETWORK_PLACES = ("\\\\", "//")


@dataclass(frozen=True)
class Restored:
    """A request out of a file, validated.

    ``index`` is the picture's place in the drawing; ``moment`` the t at which it was seen on the
    way, 0 for the finished picture.
    """

    request: SampleRequest
    index: int
    checkpoint: int | None
    moment: int = 0


def restored(path: Path) -> Restored | None:
    """Read how a PNG was drawn from noise; None if it is no such picture.

    Raises:
        StudioError: if the file can't be read, its request is damaged, or its run is gone.
    """
    recipe = read_recipe(path)
    if recipe is None or recipe.get("kind") != "sample":
        return None
    try:
        request = SampleRequest.model_validate(recipe.get("request"))
    except ValidationError as error:
        raise StudioError(
            f"{path.name} does not say in full how it was made.",
            "It was changed, or comes from another version.",
            str(error),
        ) from error
    if str(request.run).startswith(_NETWORK_PLACES):
        # To look there would call on a stranger's machine, with the name of who looks.
        raise StudioError(
            f"{path.name} names a run on the network, {request.run}.",
            "Open that run yourself, then draw again.",
        )
    if not (request.run / "run.json").is_file():
        raise StudioError(
            f"The run that drew {path.name} is not at {request.run} any more.",
            "Bring it back there, or open it where it is now and draw again.",
        )
    index, checkpoint, moment = (recipe.get(key) for key in ("index", "checkpoint", "moment"))
    # A whole grid has no number of its own: it begins with the first picture.
    place = index if isinstance(index, int) and 0 <= index < request.count else 0
    return Restored(
        request,
        place,
        checkpoint if isinstance(checkpoint, int) else None,
        moment if isinstance(moment, int) else 0,
    )
