"""Output files of drawings: the kind is chosen by the suffix of the name."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio import export
from ddpm_studio.jobs.request_building import OptionError
from ddpm_studio.picture_shape import Bands, check_bands, parse_bands
from ddpm_studio.requests import AnimationOptions, GridOptions, InterpolateRequest, ViewOptions
from ddpm_studio.runs.classes import class_in_turn

if TYPE_CHECKING:
    from ddpm_studio.export.grid import Pictures
    from ddpm_studio.jobs.events import FrameImages, Progress
    from ddpm_studio.jobs.frames import View

# Small pictures of animations are enlarged to about this side in pixels.
_DISPLAY_SIDE = 400
# Up to this many pictures are laid out in one row, as in the paper.
_ONE_ROW = 16


def is_folder(path: Path) -> bool:
    """Whether a path is to be written as a folder: it is one, or has no suffix."""
    return path.is_dir() or not path.suffix


def ignored_options(path: Path) -> Collection[str]:
    """Return the fields of :class:`GridOptions` that have no effect on such a file."""
    if path.suffix.lower() == export.NPZ:
        return GridOptions.model_fields.keys()
    return ("columns",) if is_folder(path) or path.suffix.lower() == ".zip" else ()


def save_drawing(
    path: Path, pictures: Pictures, recipe: dict[str, object], options: GridOptions
) -> Generator[Progress, None, None]:
    """Write pictures (N, H, W, C): as a PNG grid, a .zip or folder of PNGs, or .npz.

    Raises:
        StudioError: if they can't be written.
    """
    if path.suffix.lower() == export.NPZ:
        labels = labels_of((recipe, number) for number in range(len(pictures)))
        return export.save_npz(path, list(pictures), labels)
    scale, bands = options.scale or 1, visible_bands(pictures.shape[-1], options)
    if is_folder(path) or path.suffix.lower() == ".zip":
        recipes = export.picture_recipes(recipe)
        return export.save_png_sequence(path, pictures, recipes, scale=scale, bands=bands)
    return export.save_grid(
        path, pictures, recipe, columns=options.columns, scale=scale, bands=bands
    )


def label_at(recipe: Mapping[str, object], index: int) -> int | None:
    """Return the class of a picture of a drawing, by its index; None if drawn without a class."""
    request = recipe.get("request")
    fields = request if isinstance(request, dict) else {}
    label, classes = fields.get("class_label"), recipe.get("classes")
    if type(label) is int:
        return label
    if fields.get("all_classes") and type(classes) is int and classes > 0:
        return class_in_turn(index, classes)
    return None


def labels_of(entries: Iterable[tuple[Mapping[str, object], int]]) -> list[int] | None:
    """Return the class of each picture, by recipe and index; None unless all have one."""
    labels = [label_at(recipe, index) for recipe, index in entries]
    known = [label for label in labels if label is not None]
    return known if known and len(known) == len(labels) else None


def save_frames(
    path: Path,
    frames: Sequence[Pictures],
    options: AnimationOptions,
    grid: GridOptions,
    *,
    recipe: dict[str, object],
    count: int | None = None,
) -> Generator[Progress, None, None]:
    """Write frames (H, W, C) as an animation: ``count`` of them, or all.

    Raises:
        StudioError: if it can't be written.
    """
    return export.save_animation(
        path,
        frames,
        fps=options.fps,
        hold_last_seconds=options.hold,
        loop=options.loop,
        easing=options.easing,
        count=count,
        scale=grid.scale or display_zoom(frames[0]),
        recipe=recipe,
        bands=visible_bands(frames[0].shape[-1], grid),
    )


def visible_bands(channels: int, options: GridOptions) -> Bands:
    """Return the indices of the bands to show, from 0, where there are more than four channels.

    Raises:
        OptionError: if there is no such band.
    """
    bands = parse_bands(options.bands)
    try:
        check_bands(channels, bands)
    except ValueError as error:
        raise OptionError("bands", str(error)) from error
    return bands


def display_zoom(picture: Pictures) -> int:
    """Return the integer factor that enlarges a small picture (H, W, C) for viewing."""
    longest: int = max(picture.shape[:2])
    return max(1, _DISPLAY_SIDE // longest)


def frame_grid(frame: FrameImages, view: ViewOptions, grid: GridOptions) -> Pictures:
    """Return the picture that an animation shows for a frame, uint8 (H, W, C)."""
    from ddpm_studio.jobs.frames import STORED_VIEWS

    views: dict[str, tuple[View, ...]] = {stored: (stored,) for stored in STORED_VIEWS}
    views |= {"both": ("x_t", "x0_hat"), "all": STORED_VIEWS}
    for_display = [frame.for_display(name) for name in views[view.gif_view]]
    return export.side_by_side(
        [export.make_grid(pictures, grid.columns) for pictures in for_display]
    )


def row_length(request: InterpolateRequest) -> int | None:
    """Return the number of pictures in a row of an interpolation; None for a squarish grid."""
    if request.trail is not None:
        return None
    return request.steps_lambda if request.steps_lambda <= _ONE_ROW else None
