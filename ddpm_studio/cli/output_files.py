"""Output files of commands: options, checks before the work begins, and writing."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ddpm_studio import export
from ddpm_studio.catalogue.fields import option_name
from ddpm_studio.cli.options import request_from_options, usage_errors
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.drawing.picture_files import (
    ignored_options,
    is_folder,
    save_drawing,
    save_frames,
    visible_bands,
)
from ddpm_studio.picture_shape import PictureShape
from ddpm_studio.requests import AnimationOptions, GridOptions, Request

if TYPE_CHECKING:
    from ddpm_studio.export.grid import Pictures

Out = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar="FILE.png",
        help="A PNG, all pictures in a grid; a .zip or a folder gets one PNG each; .npz holds "
        "them as arrays for evaluations.",
        show_default=False,
    ),
]
Gif = Annotated[
    Path | None,
    typer.Option(
        "--gif",
        metavar="FILE.gif",
        help="An animation too: .gif, .apng, .webp or, with ffmpeg, .mp4.",
        show_default=False,
    ),
]
Npy = Annotated[
    Path | None,
    typer.Option(
        "--npy",
        metavar="FILE.npy",
        help="The moments as an array too, float16 (moments, pictures, height, width, channels), "
        "with what lies beyond ±1.",
        show_default=False,
    ),
]


#: Remedy for options of an animation without its file.
NAME_GIF = "name the animation with --gif"


def grid_layout(given: Mapping[str, object], run: Path) -> GridOptions:
    """Build the layout from the options that were named, for pictures of a run.

    Raises:
        typer.BadParameter: if a value is out of range, or the run's pictures have no such bands.
        StudioError: if ``run`` is no run folder.
    """
    grid = request_from_options(GridOptions, given)
    if "bands" in given:
        from ddpm_studio.runs import RunFolder

        channels = RunFolder.open(run).info.network_basics().channels
        with usage_errors():
            visible_bands(channels, grid)
    return grid


def reject_unused_options(
    given: Collection[str], path: Path | None, remedy: str, *models: type[Request]
) -> None:
    """Refuse options of an output file that is not requested, as they would have no effect.

    Args:
        given: the options that were named.
        path: the file; None: not requested.
        remedy: the remedy, such as "name the animation with --gif".
        models: request models whose fields are options of the file.

    Raises:
        typer.BadParameter: if there is such an option; names it.
    """
    unused = [name for model in models for name in model.model_fields if name in given]
    if path is None and unused:
        raise typer.BadParameter(f"{remedy}.", param_hint=f"'{option_name(unused[0])}'")


def check_output_path(path: Path, given: Collection[str], *, alone: bool = True) -> None:
    """Check that pictures can be written to a path, and that no layout option is without effect.

    Args:
        path: the file or folder.
        given: the options that were named.
        alone: whether no animation, which uses the layout, is written too.

    Raises:
        StudioError: if pictures can't be written there.
        typer.BadParameter: for an option without effect; names it.
    """
    unused = [name for name in ignored_options(path) if alone and name in given]
    if unused:
        kind = "a folder" if is_folder(path) else path.suffix
        raise typer.BadParameter(
            f"is of no effect on {kind}.", param_hint=f"'{option_name(unused[0])}'"
        )
    if is_folder(path):
        export.check_sequence_folder(path)
    elif path.suffix.lower() in export.ANIMATION_SUFFIXES - {".png"}:
        raise StudioError(
            f"{path} would be an animation.",
            f"Give --gif {path.name} for it, and --out a name that ends with .png, .zip or .npz.",
        )
    else:
        export.check_destination(path, {".png", ".zip", export.NPZ})


def write_pictures(
    path: Path, pictures: Pictures, recipe: dict[str, object], options: GridOptions
) -> None:
    """Write pictures (N, H, W, C) in the format of the path's suffix, with a progress display.

    Raises:
        StudioError: if they can't be written.
        StoppedBySignal: if a signal stopped it; no partial file is left.
    """
    from ddpm_studio.cli.job_runner import run_job

    run_job(save_drawing(path, pictures, recipe, options))


def write_animation(
    path: Path,
    frames: Sequence[Pictures],
    options: AnimationOptions,
    grid: GridOptions,
    *,
    recipe: dict[str, object],
    count: int | None = None,
) -> None:
    """Write ``count`` of the frames, each (H, W, C), as an animation, with a progress display.

    Raises:
        StudioError: if it can't be written.
        StoppedBySignal: if a signal stopped it; no partial file is left.
    """
    from ddpm_studio.cli.job_runner import run_job

    if PictureShape.of(frames[0]).has_alpha and not export.keeps_alpha(path.suffix):
        print(f"{path.suffix} has no alpha: transparency is laid over white.", file=sys.stderr)
    run_job(save_frames(path, frames, options, grid, recipe=recipe, count=count))
