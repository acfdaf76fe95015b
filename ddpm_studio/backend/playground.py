"""Tasks of the 2-D playground."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.task import Task
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


def walk_points(model: PointModel, sampler: Sampler, steps: int | None, seed: int) -> Task:
    """Walk from noise to points; the result is a list of moments (N, 2)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.walk_points(model, sampler, steps, seed)

    return Task("Walking points", work, slot="playground walk", listed=False)


def langevin(model: PointModel, t: int, steps: int, seed: int) -> Task:
    """Let points wander by the score at t; the result is a list of moments (N, 2)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.langevin(model, t, steps, seed)

    return Task("Walking points", work, slot="playground walk", listed=False)


def score_field(model: PointModel, places: Points, t: int, seed: int) -> Task:
    """Look at t; the result is (points of q(x_t), the learned score at the places)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        # At t = 0 there is no noise, and so no network to ask.
        scores = jobs.score_field(model, places, max(1, t))
        return jobs.diffused(model, t, seed), scores

    return Task("Looking at points", work, slot="playground look", listed=False)
