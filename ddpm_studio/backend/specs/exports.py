"""Export jobs in the pool: pictures, animations, arrays, tables, lessons."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import JobSpec, Lane, PoolCall, PoolSteps
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.picture_shape import FIRST_BANDS, Bands, bands_of
from ddpm_studio.requests import AnimationRequest

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ddpm_studio.export import Estimate
    from ddpm_studio.export.lesson import Lesson

Recipe = dict[str, object]
FrameSource = Callable[[], Sequence[Pictures]]
_MAX_ZOOM = 8
_MAX_SIDE = 1600


def save_png(
    path: Path,
    pictures: Pictures,
    recipe: Recipe | None = None,
    columns: int | None = None,
    bands: Bands = FIRST_BANDS,
    zoom: int = 1,
) -> JobSpec[Path]:
    """Write a PNG of one picture, or an enlarged grid of several; the result is the path.

    Args:
        path: ends with ``.png``.
        pictures: uint8 (N, H, W, C).
        recipe: how they were made.
        columns: pictures in a row; None: as square as possible.
        bands: which of more than four channels to show, here and below.
        zoom: integer zoom factor of a single picture, recorded in its recipe.
    """

    def work() -> Generator[Event, None, Path]:
        from ddpm_studio import export

        alone = len(pictures) == 1
        scale = zoom if alone else integer_zoom(export.make_grid(pictures, columns))
        kwargs: Any = {"columns": columns, "scale": scale, "bands": bands_of(pictures, bands)}
        png_recipe = None if recipe is None else export.zoomed_recipe(recipe, zoom if alone else 1)
        yield from export.save_grid(path, pictures, png_recipe, **kwargs)
        return path

    return _save_job(path, PoolSteps(work))


def save_animation(
    path: Path,
    frames: FrameSource,
    recipe: Recipe | None = None,
    options: AnimationRequest | None = None,
    bands: Bands = FIRST_BANDS,
) -> JobSpec[Path]:
    """Write a GIF, APNG, WebP or MP4 of frames (H, W, C); the result is the path.

    ``frames`` is called in the pool, so that composing them doesn't block the window.
    """
    settings = options or AnimationRequest()

    def work() -> Generator[Event, None, Path]:
        from ddpm_studio import export

        export.check_animation(path)
        sequence = frames()
        kwargs = _export_kwargs(settings, sequence, bands)
        yield from export.save_animation(
            path, sequence, loop=settings.loop, recipe=recipe, **kwargs
        )
        return path

    return _save_job(path, PoolSteps(work), Lane.BACKGROUND)


def save_sequence(
    path: Path,
    frames: FrameSource,
    recipes: Iterable[Recipe] | None = None,
    options: AnimationRequest | None = None,
    bands: Bands = FIRST_BANDS,
) -> JobSpec[Path]:
    """Write pictures (H, W, C) to a folder or zip, one PNG each, or an ``.npz``; returns the path.

    Args:
        path: ends with ``.zip`` or ``.npz``, which holds arrays for evaluations; else a folder.
        frames: returns the pictures; called in the pool.
        recipes: the recipe of each picture.
        options: selection and zoom of frames; None, or an ``.npz``: all, unchanged.
        bands: which of more than four channels to show.
    """

    def work() -> Generator[Event, None, Path]:
        from ddpm_studio import export

        sequence = frames()
        if path.suffix.lower() == export.NPZ:
            from ddpm_studio.jobs.drawing.picture_files import labels_of

            # Each picture has its own recipe, with its index within its drawing.
            indexed_recipes = [
                (recipe, int(str(recipe.get("index", 0))))
                for recipe in islice(recipes or (), len(sequence))
            ]
            labels = labels_of(indexed_recipes) if len(indexed_recipes) == len(sequence) else None
            yield from export.save_npz(path, sequence, labels)
            return path
        if options is None:
            yield from export.save_png_sequence(path, sequence, recipes, bands=bands)
            return path
        kwargs = _export_kwargs(options, sequence, bands)
        indices = export.choose_frames(len(sequence), kwargs["count"], options.easing)
        pictures = export.FrameSelection(sequence, list(dict.fromkeys(indices)))
        png_kwargs = {key: kwargs[key] for key in ("scale", "bands")}
        frame_recipes = (
            None if recipes is None else (export.zoomed_recipe(r, kwargs["scale"]) for r in recipes)
        )
        yield from export.save_png_sequence(path, pictures, frame_recipes, **png_kwargs)
        return path

    return _save_job(path, PoolSteps(work), Lane.BACKGROUND)


def save_numbers(path: Path, arrays: Sequence[npt.NDArray[np.float16]]) -> JobSpec[Path]:
    """Write arrays of equal shape, stacked, as one ``.npy``; the result is the path."""

    def work() -> Generator[Event, None, Path]:
        from ddpm_studio.export.npy import save_npy

        yield from save_npy(path, arrays)
        return path

    return _save_job(path, PoolSteps(work), Lane.BACKGROUND)


def estimate_animation(
    suffix: str, frames: FrameSource, options: AnimationRequest, bands: Bands = FIRST_BANDS
) -> JobSpec[Estimate]:
    """Estimate length, size and bytes of an animation."""

    def work() -> Generator[Event, None, Estimate]:
        from ddpm_studio import export

        if suffix == ".mp4":
            export.find_ffmpeg()
        sequence = frames()
        kwargs = _export_kwargs(options, sequence, bands)
        return (yield from export.estimate_animation(suffix, sequence, **kwargs))

    return JobSpec("Estimating", PoolSteps(work), Lane.BACKGROUND, slot="estimate", listed=False)


def _export_kwargs(
    options: AnimationRequest, frames: Sequence[Pictures], bands: Bands
) -> dict[str, Any]:
    """Return the keyword arguments of export's functions, with at most as many frames as exist."""
    return {
        "fps": options.fps,
        "hold_last_seconds": options.hold,
        "easing": options.easing,
        "count": min(options.count or len(frames), len(frames)),
        "scale": options.scale or integer_zoom(frames[0]),
        "bands": bands_of(frames[0], bands),
    }


def save_metrics_csv(path: Path, runs: Sequence[tuple[str, Path]]) -> JobSpec[Path]:
    """Write the metrics of runs, given as (name, folder), as one CSV; the result is the path."""

    def work() -> Path:
        from ddpm_studio.export.csv_export import save_csv
        from ddpm_studio.runs import RunFolder
        from ddpm_studio.runs.metrics import COLUMNS

        save_csv(path, COLUMNS, [(name, RunFolder.open(run).metrics()) for name, run in runs])
        return path

    return _save_job(path, PoolCall(work))


def save_table(
    path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> JobSpec[Path]:
    """Write a table as CSV; the result is the path."""

    def work() -> Path:
        from ddpm_studio.export.csv_export import save_table as save

        save(path, columns, rows)
        return path

    return _save_job(path, PoolCall(work))


def save_drawing(path: Path, content: bytes) -> JobSpec[Path]:
    """Write a drawing that is already encoded as a file's bytes; the result is the path."""

    def work() -> Path:
        from ddpm_studio.export.atomic_writes import atomic_write

        with atomic_write(path) as temporary:
            temporary.write_bytes(content)
        return path

    return _save_job(path, PoolCall(work))


def _save_job(
    path: Path, work: PoolCall[Path] | PoolSteps[Path], lane: Lane = Lane.INTERACTIVE
) -> JobSpec[Path]:
    # Jobs that write the same file run in order, so that the later one wins.
    return JobSpec(f"Saving {path.name}", work, lane, queue=f"file {path}", wanted=True)


def integer_zoom(grid: Pictures) -> int:
    """Return the integer factor by which to enlarge a small picture (H, W, C) for viewing."""
    side: int = max(grid.shape[:2])
    return max(1, min(_MAX_ZOOM, _MAX_SIDE // side))


def save_lesson(path: Path, lesson: Lesson) -> JobSpec[Path]:
    """Write a lesson file; the result is its path."""

    def work() -> Path:
        from ddpm_studio.export.lesson import write_lesson

        write_lesson(path, lesson)
        return path

    return JobSpec(f"Saving {path.name}", PoolCall(work), listed=False, queue=f"file {path}")
