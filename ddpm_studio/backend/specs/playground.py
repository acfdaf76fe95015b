"""Jobs of the 2-D playground: training on points, sampling, Langevin dynamics, score field."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, PoolCall
from ddpm_studio.jobs.events import Event, PointLook, Points, PointWalk
from ddpm_studio.requests import PlayRequest, Sampler

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore, PointModel


def play(request: PlayRequest, drawing: Points | None) -> JobSpec[PointModel]:
    """Train a network on 2-D points: those of a shape or a drawing."""

    def work(_: ModelStore) -> Generator[Event, None, PointModel]:
        from ddpm_studio import jobs

        return jobs.play(request, drawing)

    return JobSpec("Learning points", DeviceSteps(work), slot="playground")


def shape_points(shape: str) -> JobSpec[Points]:
    """Draw the data points of a shape."""

    def work() -> Points:
        from ddpm_studio import jobs

        return jobs.shape_points(shape)  # type: ignore[arg-type]

    return JobSpec("Drawing points", PoolCall(work), slot="playground shape", listed=False)


def start_noise(seed: int) -> JobSpec[Points]:
    """Draw the noise that trajectories of a seed start from."""

    def work() -> Points:
        from ddpm_studio import jobs

        return jobs.start_noise(seed)

    return JobSpec("Drawing noise", PoolCall(work), slot="playground noise", listed=False)


def walk_points(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, place: int = 0
) -> JobSpec[PointWalk]:
    """Sample points from noise, with their trajectories.

    ``place`` distinguishes trajectories that are shown next to each other.
    """

    def work(_: ModelStore) -> Generator[Event, None, PointWalk]:
        from ddpm_studio import jobs

        return jobs.walk_points(model, sampler, steps, seed)

    return _walking(DeviceSteps(work), place)


def langevin(
    model: PointModel, t: int, steps: int, seed: int, place: int = 0
) -> JobSpec[PointWalk]:
    """Move points by Langevin dynamics with the score at t."""

    def work(_: ModelStore) -> Generator[Event, None, PointWalk]:
        from ddpm_studio import jobs

        return jobs.langevin(model, t, steps, seed)

    return _walking(DeviceSteps(work), place)


def _walking(work: DeviceSteps[PointWalk], place: int) -> JobSpec[PointWalk]:
    return JobSpec("Walking points", work, slot=f"playground walk {place}", listed=False)


def score_field(model: PointModel, places: Points, t: int, seed: int) -> JobSpec[PointLook]:
    """Evaluate a model's score field at t, in the given places."""

    def work(_: ModelStore) -> PointLook:
        from ddpm_studio import jobs

        return jobs.look_at_points(model, places, t, seed)

    return JobSpec("Looking at points", DeviceCall(work), slot="playground look", listed=False)
