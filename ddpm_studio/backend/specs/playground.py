"""Jobs of the 2-D playground: training on points, sampling, Langevin dynamics, score field."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceCall, DeviceSteps, JobSpec, PoolCall
from ddpm_studio.jobs.events import Event, Points, PointScores, PointTrajectory
from ddpm_studio.requests import PlaygroundRequest, Sampler

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore, PointModel


def play(request: PlaygroundRequest, drawing: Points | None) -> JobSpec[PointModel]:
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


def sample_trajectory(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, index: int = 0
) -> JobSpec[PointTrajectory]:
    """Sample points from noise, with their trajectories.

    ``index`` distinguishes trajectories that are shown next to each other.
    """

    def work(_: ModelStore) -> Generator[Event, None, PointTrajectory]:
        from ddpm_studio import jobs

        return jobs.sample_trajectory(model, sampler, steps, seed)

    return _trajectory_job(DeviceSteps(work), index)


def langevin(
    model: PointModel, t: int, steps: int, seed: int, index: int = 0
) -> JobSpec[PointTrajectory]:
    """Move points by Langevin dynamics with the score at t."""

    def work(_: ModelStore) -> Generator[Event, None, PointTrajectory]:
        from ddpm_studio import jobs

        return jobs.langevin(model, t, steps, seed)

    return _trajectory_job(DeviceSteps(work), index)


def _trajectory_job(work: DeviceSteps[PointTrajectory], index: int) -> JobSpec[PointTrajectory]:
    return JobSpec("Walking points", work, slot=f"playground walk {index}", listed=False)


def score_field(model: PointModel, positions: Points, t: int, seed: int) -> JobSpec[PointScores]:
    """Evaluate a model's score field at t, at the given positions."""

    def work(_: ModelStore) -> PointScores:
        from ddpm_studio import jobs

        return jobs.evaluate_scores(model, positions, t, seed)

    return JobSpec("Looking at points", DeviceCall(work), slot="playground look", listed=False)
