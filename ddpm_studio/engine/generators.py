"""Running a generator to its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

R = TypeVar("R")


def finish(job: Generator[object, None, R]) -> R:
    """Take a sampler or a measurement to its end and return its result.

    ::

        x_0 = finish(heun(process, model, x_T, noise))
        bound = finish(measure_bound(process, model_for, load, sums, seed=0, batch=64))

    Args:
        job: what yields frames, sums or steps on the way, such as
            :data:`ddpm_studio.engine.samplers.Frames`.

    Returns:
        What the generator returns.
    """
    while True:
        try:
            next(job)
        except StopIteration as end:
            result: R = end.value
            return result
