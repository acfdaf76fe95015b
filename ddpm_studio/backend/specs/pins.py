"""Jobs for pinned pictures."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import JobSpec, PoolSteps
from ddpm_studio.jobs.events import Event, Pictures

if TYPE_CHECKING:
    from ddpm_studio.jobs.library.pins import Pin

_QUEUE = "pins"


def pin(picture: Pictures, recipe: dict[str, object] | None) -> JobSpec[Pin]:
    """Pin a picture (H, W, C), with its recipe."""

    def work() -> Generator[Event, None, Pin]:
        from ddpm_studio.jobs.library import pins

        return pins.pin(picture, recipe)

    return JobSpec("Pinning a picture", PoolSteps(work), listed=False, queue=_QUEUE, finishes=True)


def load() -> JobSpec[list[Pin]]:
    """Read the pinned pictures."""

    def work() -> Generator[Event, None, list[Pin]]:
        from ddpm_studio.jobs.library import pins

        return pins.load_pins()

    return JobSpec("Reading pins", PoolSteps(work), slot="pins", listed=False, queue=_QUEUE)
