"""Jobs of the backend's pool, done at once in this thread."""

from __future__ import annotations

from typing import TypeVar

from ddpm_studio.backend import JobSpec
from ddpm_studio.backend.spec import PoolCall

T = TypeVar("T")


def call(spec: JobSpec[T]) -> T:
    """Do a job that is one function, as a thread of the pool does."""
    assert isinstance(spec.work, PoolCall)
    return spec.work.function()
