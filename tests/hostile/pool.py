"""Synchronous stand-in for the backend's thread pool."""

from __future__ import annotations

from typing import TypeVar

from ddpm_studio.backend import JobSpec
from ddpm_studio.backend.spec import PoolCall

T = TypeVar("T")


def call(spec: JobSpec[T]) -> T:
    """Run a job that is one function call in this thread, as the pool's threads do."""
    assert isinstance(spec.work, PoolCall)
    return spec.work.function()
