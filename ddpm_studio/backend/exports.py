"""Tasks that write pictures; numpy and Pillow work where they run, in the backend."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.task import Lane, Task
from ddpm_studio.jobs.events import Event, Pictures

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

Recipe = dict[str, object]
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
    frames: Callable[[], Sequence[Pictures]],
    recipe: Recipe | None = None,
    fps: float = 20.0,
    hold_last_seconds: float = 2.0,
) -> Task:
    """Write a GIF, APNG, WebP or MP4 of grids (H, W, C); the result is the path.

    ``frames`` is called in the backend, so that composing does not hold the window up.
    """

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import export

        yield from ()
        export.check_animation(path)
        shown = frames()
        export.save_animation(
            path,
            shown,
            fps=fps,
            hold_last_seconds=hold_last_seconds,
            scale=whole_zoom(shown[0]),
            recipe=recipe,
        )
        return path

    return Task(f"Saving {path.name}", work)


def save_sequence(
    path: Path, pictures: Callable[[], Sequence[Pictures]], recipe: Recipe | None = None
) -> Task:
    """Write each picture (H, W, C) as its own PNG into a folder or zip; the result is the path."""

    def work(_: ModelStore) -> Generator[Event, None, Path]:
        import numpy as np

        from ddpm_studio import export

        yield from ()
        export.save_png_sequence(path, np.stack(pictures()), recipe)
        return path

    return Task(f"Saving {path.name}", work, Lane.BACKGROUND)


def whole_zoom(grid: Pictures) -> int:
    """By which whole factor to enlarge (H, W, C) so that small pictures can be looked at."""
    side: int = max(grid.shape[:2])
    return max(1, min(_MOST_ZOOM, _LARGEST // side))
