"""Jobs on data: preparing pictures, and looking at some of them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import JobSpec, Lane, PoolCall, PoolSteps
from ddpm_studio.data.samples import title_of
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.requests import PrepareOptions

if TYPE_CHECKING:
    from ddpm_studio.data import Dataset, PreviewResult
    from ddpm_studio.jobs.drawing.picture_classes import TakenPicture


def preview(
    sources: Sequence[Path],
    options: PrepareOptions,
    count: int = 24,
    slot: str | None = "preview",
) -> JobSpec[PreviewResult]:
    """Prepare a few pictures to show what the options do."""

    def work() -> PreviewResult:
        from ddpm_studio import data

        return data.preview(sources, options, count)

    return JobSpec("Preview", PoolCall(work), slot=slot, listed=False)


def prepare(sources: Sequence[Path], options: PrepareOptions) -> JobSpec[Dataset]:
    """Prepare all pictures."""

    def work() -> Generator[Event, None, Dataset]:
        from ddpm_studio import data

        return data.prepare(sources, options)

    title = title_of(sources[0]) if len(sources) == 1 else f"{len(sources)} files"
    return JobSpec(f"Reading {title}", PoolSteps(work), Lane.BACKGROUND, slot="prepare")


def fit_picture(picture: Pictures, run: Path, slot: str | None = None) -> JobSpec[Pictures]:
    """Prepare a picture (H, W, C) for a run's model; the result is uint8 (H, W, C)."""

    def work() -> Pictures:
        from ddpm_studio import jobs

        return jobs.fit_picture(picture, run)

    return JobSpec("Fitting a picture", PoolCall(work), slot=slot, listed=False)


def some_pictures(
    run: Path, count: int = 24, slot: str | None = None
) -> JobSpec[tuple[Pictures, tuple[str | None, ...]]]:
    """Read some of the pictures that a run was trained on.

    The result is uint8 (N, H, W, C), and the class of each, None where there is none.
    """

    def work() -> tuple[Pictures, tuple[str | None, ...]]:
        from ddpm_studio import jobs

        return jobs.some_labelled(run, count)

    return JobSpec("Looking at the data", PoolCall(work), slot=slot, listed=False)


def take_picture(path: Path, run: Path, slot: str | None = None) -> JobSpec[TakenPicture]:
    """Read a picture and prepare it for a run's model."""

    def work() -> TakenPicture:
        from ddpm_studio import jobs

        return jobs.take_picture(path, run)

    return JobSpec(f"Reading {path.name}", PoolCall(work), slot=slot, listed=False)
