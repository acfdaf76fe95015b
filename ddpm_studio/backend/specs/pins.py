"""Tasks of the pinned pictures."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Event, Pictures

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore


def pin(picture: Pictures, recipe: dict[str, object] | None) -> Task:
    """Keep a picture (H, W, C) at hand; the result is a Pin."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import pins

        return pins.pin(picture, recipe)

    return Task("Pinning a picture", work, listed=False)


def load() -> Task:
    """Read what is pinned; the result is a list of Pin."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library import pins

        return pins.load_pins()

    return Task("Reading pins", work, slot="pins", listed=False)
