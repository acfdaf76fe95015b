"""Jobs on data: preparing data sets, previews, and single pictures for a model."""

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
    from ddpm_studio.jobs.drawing.picture_classes import LabelledPicture


def preview(
    sources: Sequence[Path],
    options: PrepareOptions,
    count: int = 24,
    slot: str | None = "preview",
) -> JobSpec[PreviewResult]:
    """Prepare a few pictures as a preview of the options."""

    def work() -> PreviewResult:
        from ddpm_studio import data

        return data.preview(sources, options, count)

    return JobSpec("Preview", PoolCall(work), slot=slot, listed=False)


def prepare(sources: Sequence[Path], options: PrepareOptions) -> JobSpec[Dataset]:
    """Prepare a whole data set."""

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


def example_pictures(
    run: Path, count: int = 24, slot: str | None = None
) -> JobSpec[tuple[Pictures, tuple[str | None, ...]]]:
    """Read some of a run's training pictures.

    The result is uint8 (N, H, W, C), and the class of each picture, or None.
    """

    def work() -> tuple[Pictures, tuple[str | None, ...]]:
        from ddpm_studio import jobs

        return jobs.labelled_example_pictures(run, count)

    return JobSpec("Looking at the data", PoolCall(work), slot=slot, listed=False)


def load_labelled_picture(
    path: Path, run: Path, slot: str | None = None
) -> JobSpec[LabelledPicture]:
    """Read a picture file, and prepare it for a run's model; the result includes its class."""

    def work() -> LabelledPicture:
        from ddpm_studio import jobs

        return jobs.load_labelled_picture(path, run)

    return JobSpec(f"Reading {path.name}", PoolCall(work), slot=slot, listed=False)
