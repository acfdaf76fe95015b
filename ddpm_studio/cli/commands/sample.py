"""``sample RUN``: pictures from noise, and how they came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from pydantic import Field

from ddpm_studio import export
from ddpm_studio.cli.options import Json, validated, with_options
from ddpm_studio.cli.output import emit
from ddpm_studio.cli.target import (
    AnimationOptions,
    Gif,
    GridOptions,
    Out,
    check_out,
    write_animation,
    write_out,
)
from ddpm_studio.export.grid import Pictures
from ddpm_studio.requests import Request, SampleRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import FrameImages

_FRAMES = 60
# Slowing down needs moments that lie closer together than even ones.
_DENSER = 3


class ViewOptions(Request):
    """What the animation shows."""

    gif_view: Literal["x_t", "x0_hat", "both"] = Field(
        "x_t", title="View", description="The noisy pictures, the predicted ones, or both."
    )


@with_options(SampleRequest, GridOptions, AnimationOptions, ViewOptions, skip={"run"})
def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder.")],
    out: Out,
    gif: Gif = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Draw pictures from noise."""
    animation, grid = validated(AnimationOptions, given), validated(GridOptions, given)
    view = validated(ViewOptions, given).gif_view
    request = validated(SampleRequest, given, run=run)
    if request.frames and gif is None:
        raise typer.BadParameter(
            "it is for an animation: name its file with --gif.", param_hint="'--frames'"
        )
    check_out(out)
    shown = 0
    if gif is not None:
        export.check_animation(gif)
        shown = max(2, request.frames or _FRAMES)
        asked = shown if animation.easing == "linear" else min(10_000, _DENSER * shown)
        request = request.model_copy(update={"frames": asked})
    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import ModelStore, events, sample

    frames: list[Pictures] = []

    def keep(event: events.Event) -> None:
        if isinstance(event, events.FrameImages):
            frames.append(_frame(event, view, grid.columns))

    drawn = listen(sample(request, ModelStore()), keep)
    write_out(out, drawn.pictures, drawn.recipe, grid)
    written = [out]
    if gif is not None:
        shown = min(shown, len(frames))
        write_animation(gif, frames, animation, grid, recipe=drawn.recipe, count=shown)
        written.append(gif)
    if json:
        emit({"out": out, "gif": gif, "count": len(drawn.pictures), "recipe": drawn.recipe})
    else:
        print(*written, sep="\n")


def _frame(event: FrameImages, view: str, columns: int | None) -> Pictures:
    views = {"x_t": [event.x_t], "x0_hat": [event.x0_hat], "both": [event.x_t, event.x0_hat]}
    return export.side_by_side([export.make_grid(pictures, columns) for pictures in views[view]])
