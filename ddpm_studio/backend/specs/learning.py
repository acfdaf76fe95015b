"""Jobs of the Learn tab's chapters on schedules, noise and the bound of a picture."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, PoolCall
from ddpm_studio.jobs.events import (
    BoundParts,
    Event,
    NoisedPicture,
    Pictures,
    ScheduleTables,
    StepGaussians,
)
from ddpm_studio.picture_shape import MIN_SIDE
from ddpm_studio.requests import PictureMeasureRequest, PrepareOptions, ScheduleRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore

_MAX_SIDE = 128
_WITH_ALPHA: dict[int, Literal["gray+alpha", "rgba"]] = {2: "gray+alpha", 4: "rgba"}


def schedule_tables(
    request: ScheduleRequest, picture: Pictures | None = None, slot: str = "learn schedule"
) -> JobSpec[ScheduleTables]:
    """Compute the tables of a noise schedule, over all t."""

    def work() -> ScheduleTables:
        from ddpm_studio import jobs

        return jobs.schedule_tables(request, picture)

    return JobSpec("Computing a schedule", PoolCall(work), slot=slot, listed=False)


def noised_picture(picture: Pictures, seed: int) -> JobSpec[NoisedPicture]:
    """Draw noise for a picture (H, W, C), which is scaled down if large; the result has both."""

    def work() -> NoisedPicture:
        from ddpm_studio import data, jobs

        height, width, channels = picture.shape
        zoom = min(1, _MAX_SIDE / max(height, width))
        new_width, new_height = (max(MIN_SIDE, round(side * zoom)) for side in (width, height))
        options = PrepareOptions(
            image_size=(new_width, new_height),
            channels=_WITH_ALPHA.get(channels, "auto"),
            fit="squash",
        )
        return jobs.noised_picture(data.fit_picture(picture, options), seed)

    return JobSpec("Drawing noise", PoolCall(work), slot="learn noise", listed=False)


def bound_parts(request: PictureMeasureRequest, picture: Pictures) -> JobSpec[BoundParts]:
    """Evaluate the terms of the variational bound of one picture."""

    def work(models: ModelStore) -> Generator[Event, None, BoundParts]:
        from ddpm_studio import jobs

        return jobs.bound_parts(request, picture, models)

    return JobSpec("Taking the bound apart", DeviceSteps(work), slot="learn bound")


def step_gaussians(
    request: PictureMeasureRequest, picture: Pictures, t: int
) -> JobSpec[StepGaussians]:
    """Compare the Gaussians q and p_θ of one step, at t."""

    def work(models: ModelStore) -> StepGaussians:
        from ddpm_studio import jobs

        return jobs.step_gaussians(request, picture, t, models)

    return JobSpec("Comparing one step", DeviceCall(work), slot="learn step", listed=False)


def sample_picture(path: Path, options: PrepareOptions, number: int) -> JobSpec[Pictures]:
    """Read one picture of a data set; the result is uint8 (H, W, C)."""

    def work() -> Pictures:
        from ddpm_studio import data

        pictures = data.preview([path], options, number + 1).pictures
        picture: Pictures = pictures[min(number, len(pictures) - 1)]
        return picture

    return JobSpec("Reading a picture", PoolCall(work), slot="learn picture", listed=False)
