"""Tasks of the Learn tab's chapters on pictures."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Event, Pictures
from ddpm_studio.requests import MeasureRequest, PrepareOptions, ScheduleRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

_LARGEST = 128


def schedule_tables(
    request: ScheduleRequest, picture: Pictures | None = None, slot: str = "learn schedule"
) -> Task:
    """Compute what a schedule does at each t; the result is ScheduleTables."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.schedule_tables(request, picture)

    return Task("Computing a schedule", work, slot=slot, listed=False)


def noised_picture(picture: Pictures, seed: int) -> Task:
    """Draw noise for a picture of any size; the result is a NoisedPicture of a square of it."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import data, jobs

        yield from ()
        side = min(*picture.shape[:2], _LARGEST)
        return jobs.noised_picture(
            data.fit_picture(picture, PrepareOptions(image_size=max(4, side))), seed
        )

    return Task("Drawing noise", work, slot="learn noise", listed=False)


def bound_parts(request: MeasureRequest, picture: Pictures) -> Task:
    """Evaluate the bound of one picture; the result is BoundParts."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.bound_parts(request, picture, models)

    return Task("Taking the bound apart", work, slot="learn bound")


def step_gaussians(request: MeasureRequest, picture: Pictures, t: int) -> Task:
    """Compare q and p_θ at one t; the result is StepGaussians."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.step_gaussians(request, picture, t, models)

    return Task("Comparing one step", work, slot="learn step", listed=False)


def sample_picture(path: Path, options: PrepareOptions, number: int) -> Task:
    """Read one of a set's pictures; the result is uint8 (H, W, C)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import data

        yield from ()
        found = data.preview([path], options, number + 1).pictures
        return found[min(number, len(found) - 1)]

    return Task("Reading a picture", work, slot="learn picture", listed=False)
