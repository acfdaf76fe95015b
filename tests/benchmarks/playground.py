"""The 2-D playground: time to a recognisable spiral, and accuracy of the learned score."""

from __future__ import annotations

import statistics
import time

import numpy as np
import torch

from ddpm_studio.engine import toy
from ddpm_studio.engine.generators import finish
from ddpm_studio.jobs import play, sample_trajectory, score_field, true_score
from ddpm_studio.jobs.events import PointTrainingState
from ddpm_studio.jobs.playground import cosines, diffuse_points
from ddpm_studio.requests import PlaygroundRequest
from tests.benchmarks.figures import Figure

_SEEDS = 3
# Limit of the median distance from a spiral whose turns are 1 apart and whose points have σ .03.
_RECOGNISED = 0.05


def measure(rounds: int) -> list[Figure]:
    """Train up to three times on the spiral and the eight Gaussians, each with another seed."""
    seeds = range(min(rounds, _SEEDS))
    spirals = [_spiral(seed) for seed in seeds]
    lowest = [_lowest_cosine(seed) for seed in seeds]
    details: dict[str, object] = {"seeds": len(seeds), "threads": torch.get_num_threads()}
    worst, at = min(lowest)
    return [
        Figure(
            "playground: seconds to a recognisable spiral",
            statistics.median(seen for seen, *_ in spirals),
            "s",
            at_most=20,
            details={**details, "median_distance_below": _RECOGNISED},
        ),
        Figure(
            "playground: seconds to the end of its training",
            statistics.median(whole for _, whole, _ in spirals),
            "s",
            at_most=20,
            details=details,
        ),
        Figure(
            "playground: share of samples within 0.1 of the spiral",
            min(share for *_, share in spirals),
            "",
            at_least=0.95,
            details=details,
        ),
        Figure(
            "playground: lowest mean cosine to the true score at any t",
            worst,
            "",
            at_least=0.95,
            details={**details, "t": at},
        ),
    ]


def _distances(points: np.ndarray) -> np.ndarray:
    line = toy.spiral_at(torch.linspace(0, 1, 2000))
    found: np.ndarray = torch.cdist(torch.from_numpy(points), line).min(1).values.numpy()
    return found


def _spiral(seed: int) -> tuple[float, float, float]:
    """Return seconds until it is recognisable, seconds in all, and the share of samples on it."""
    begun, seen = time.perf_counter(), float("inf")
    job = play(PlaygroundRequest(shape="spiral", seed=seed))

    def look(event: object) -> None:
        nonlocal seen
        if (
            isinstance(event, PointTrainingState)
            and np.median(_distances(event.samples)) < _RECOGNISED
        ):
            seen = min(seen, time.perf_counter() - begun)

    model = finish(job, look)
    whole = time.perf_counter() - begun
    points = finish(sample_trajectory(model, "ddim", 50, seed=5)).states[-1]
    return seen, whole, float((_distances(points) < 0.1).mean())


def _lowest_cosine(seed: int) -> tuple[float, int]:
    """Return the lowest mean cosine over t = 1..T, each at 512 points of q(x_t), and its t."""
    job = play(PlaygroundRequest(shape="eight_gaussians", seed=seed))
    model = finish(job)
    found = []
    for t in range(1, model.process.schedule.T + 1):
        places = diffuse_points(model, t, seed=3)
        exact = true_score(model, places, t)
        assert exact is not None
        found.append((float(cosines(score_field(model, places, t), exact).mean()), t))
    return min(found)
