"""Tasks that write pictures; numpy and Pillow work where they run, in the backend."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Lane, Task
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.requests import AnimationRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

Recipe = dict[str, object]
FrameSource = Callable[[], Sequence[Pictures]]
_MOST_ZOOM = 8
_LARGEST = 1600


def save_png(
    path: Path, pictures: Pictures, recipe: Recipe | None = None, columns: int | None = None
) -> Task:
    """Write a grid of (N, H, W, C), enlarged, or one picture as it is; the result is the path."""

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import export

        yield from ()
        scale = 1 if len(pictures) == 1 else whole_zoom(export.make_grid(pictures, columns))
        export.save_png(path, pictures, recipe, columns=columns, scale=scale)
        return path

    return Task(f"Saving {path.name}", work)


def save_animation(
    path: Path,
    frames: FrameSource,
    recipe: Recipe | None = None,
    options: AnimationRequest | None = None,
) -> Task:
    """Write a GIF, APNG, WebP or MP4 of grids (H, W, C); the result is the path.

    ``frames`` is called in the backend, so that composing does not hold the window up.
    """
    asked = options or AnimationRequest()

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import export

        yield from ()
        export.check_animation(path)
        shown = frames()
        export.save_animation(path, shown, loop=asked.loop, recipe=recipe, **_how(asked, shown))
        return path

    return Task(f"Saving {path.name}", work)


def save_sequence(
    path: Path,
    frames: FrameSource,
    recipes: Iterable[Recipe] | None = None,
    options: AnimationRequest | None = None,
) -> Task:
    """Write each picture (H, W, C) as its own PNG into a folder or zip; the result is the path.

    Without options each as it is. ``recipes``: what made each.
    """

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import export

        yield from ()
        shown = frames()
        if options is None:
            export.save_png_sequence(path, shown, recipes)
            return path
        how = _how(options, shown)
        chosen = export.choose_frames(len(shown), how["count"], options.easing)
        pictures = (shown[index] for index in dict.fromkeys(chosen))
        export.save_png_sequence(path, pictures, recipes, scale=how["scale"])
        return path

    return Task(f"Saving {path.name}", work, Lane.BACKGROUND)


def estimate_animation(suffix: str, frames: FrameSource, options: AnimationRequest) -> Task:
    """Find out what an animation will be; the result is export's Estimate."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import export

        yield from ()
        if suffix == ".mp4":
            export.find_ffmpeg()
        shown = frames()
        return export.estimate_animation(suffix, shown, **_how(options, shown))

    return Task("Estimating", work, Lane.BACKGROUND, slot="estimate", listed=False)


def _how(options: AnimationRequest, frames: Sequence[Pictures]) -> dict[str, Any]:
    """Return what export's functions ask for; no more frames than there are."""
    return {
        "fps": options.fps,
        "hold_last_seconds": options.hold,
        "easing": options.easing,
        "count": min(options.count or len(frames), len(frames)),
        "scale": options.scale or whole_zoom(frames[0]),
    }


def save_figures(path: Path, runs: Sequence[tuple[str, Path]]) -> Task:
    """Write what runs have recorded, each by its name, as CSV; the result is the path."""

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio.export.figures import save_csv
        from ddpm_studio.runs import RunFolder

        yield from ()
        save_csv(path, [(name, RunFolder.open(run).metrics()) for name, run in runs])
        return path

    return Task(f"Saving {path.name}", work)


def save_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> Task:
    """Write a table as CSV; the result is the path."""

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio.export.figures import save_table as save

        yield from ()
        save(path, columns, rows)
        return path

    return Task(f"Saving {path.name}", work)


def save_drawing(path: Path, content: bytes) -> Task:
    """Write a drawing that is there as a file's bytes; the result is the path."""

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio.export.writing import whole_file

        yield from ()
        with whole_file(path) as temporary:
            temporary.write_bytes(content)
        return path

    return Task(f"Saving {path.name}", work)


def whole_zoom(grid: Pictures) -> int:
    """By which whole factor to enlarge (H, W, C) so that small pictures can be looked at."""
    side: int = max(grid.shape[:2])
    return max(1, min(_MOST_ZOOM, _LARGEST // side))
