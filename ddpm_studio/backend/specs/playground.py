"""Tasks of the 2-D playground."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Event, Points
from ddpm_studio.requests import PlayRequest, Sampler

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore, PointModel


def play(request: PlayRequest, drawing: Points | None) -> Task:
    """Train on points; the result is a PointModel."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.play(request, drawing)

    return Task("Learning points", work, slot="playground")


def shape_points(shape: str) -> Task:
    """Draw what there is to learn; the result is Points."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.shape_points(shape)  # type: ignore[arg-type]

    return Task("Drawing points", work, slot="playground shape", listed=False)


def start_noise(seed: int) -> Task:
    """Draw what the walks of a seed start from; the result is Points."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.start_noise(seed)

    return Task("Drawing noise", work, slot="playground noise", listed=False)


def walk_points(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, place: int = 0
) -> Task:
    """Walk from noise to points; the result is a PointWalk.

    ``place`` tells walks that are shown beside each other apart.
    """

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.walk_points(model, sampler, steps, seed)

    return Task("Walking points", work, slot=f"playground walk {place}", listed=False)


def langevin(model: PointModel, t: int, steps: int, seed: int, place: int = 0) -> Task:
    """Let points wander by the score at t; the result is a PointWalk."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.langevin(model, t, steps, seed)

    return Task("Walking points", work, slot=f"playground walk {place}", listed=False)


def score_field(model: PointModel, places: Points, t: int, seed: int) -> Task:
    """Look at t; the result is a PointLook."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.look_at_points(model, places, t, seed)

    return Task("Looking at points", work, slot="playground look", listed=False)
