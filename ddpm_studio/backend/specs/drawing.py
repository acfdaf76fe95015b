"""Jobs of drawing: samples, shared latents, interpolations, and drawing them again."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, PoolCall
from ddpm_studio.jobs.events import Drawn, Event, Latent, Pictures
from ddpm_studio.requests import (
    InpaintRequest,
    InterpolateRequest,
    PathRequest,
    SampleRequest,
    ShareRequest,
)

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.jobs.drawing.recipes import Restored


def sample(request: SampleRequest, slot: str | None = None) -> JobSpec[Drawn]:
    """Draw pictures."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.sample(request, models)

    return JobSpec(f"Sampling {request.count}", DeviceSteps(work), slot=slot)


def share(
    request: ShareRequest,
    picture: Pictures | None,
    slot: str | None = None,
    latent: Latent | None = None,
) -> JobSpec[Drawn]:
    """Draw many pictures from one latent."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.share(request, picture, models, latent)

    return JobSpec(f"Sharing at t = {request.t}", DeviceSteps(work), slot=slot)


def interpolate(
    request: InterpolateRequest, ends: Sequence[Pictures], slot: str | None = None
) -> JobSpec[Drawn]:
    """Mix two pictures, or four corners."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.interpolate(request, ends, models)

    return JobSpec(f"Interpolating at t = {request.t}", DeviceSteps(work), slot=slot)


def inpaint(
    request: InpaintRequest,
    picture: Pictures,
    mask: npt.NDArray[np.bool_],
    slot: str | None = None,
) -> JobSpec[Drawn]:
    """Fill in what is masked."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.inpaint(request, picture, mask, models)

    return JobSpec("Filling in", DeviceSteps(work), slot=slot)


def walk_path(
    request: PathRequest, keys: Sequence[Pictures], slot: str | None = None
) -> JobSpec[Drawn]:
    """Walk through several pictures in turn."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.walk_path(request, keys, models)

    return JobSpec(f"Walking through {len(keys)} pictures", DeviceSteps(work), slot=slot)


def redraw(found: Restored, slot: str | None = None) -> JobSpec[Drawn]:
    """Draw again what a recipe tells of."""

    def work(models: ModelStore) -> Generator[Event, None, Drawn]:
        from ddpm_studio import jobs

        return jobs.redraw(found, models)

    return JobSpec("Drawing again", DeviceSteps(work), slot=slot)


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, slot: str | None = None
) -> JobSpec[list[Drawn]]:
    """Share at several t; emits and returns one Drawn for each."""

    def work(models: ModelStore) -> Generator[Event, None, list[Drawn]]:
        from ddpm_studio import jobs

        return jobs.share_series(requests, picture, models)

    return JobSpec(f"Sharing at {len(requests)} t", DeviceSteps(work), slot=slot)


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], slot: str | None = None
) -> JobSpec[list[Drawn]]:
    """Interpolate at several t; emits and returns one Drawn for each."""

    def work(models: ModelStore) -> Generator[Event, None, list[Drawn]]:
        from ddpm_studio import jobs

        return jobs.interpolate_series(requests, ends, models)

    return JobSpec(f"Interpolating at {len(requests)} t", DeviceSteps(work), slot=slot)


def load_latent(path: Path) -> JobSpec[Latent]:
    """Read a latent from a file."""

    def work() -> Latent:
        from ddpm_studio import jobs

        return jobs.load_latent(path)

    return JobSpec(f"Reading {path.name}", PoolCall(work), slot="latent", listed=False)


def save_latent(path: Path, latent: Latent) -> JobSpec[Path]:
    """Write a latent into a file; the result is its path."""

    def work() -> Path:
        from ddpm_studio import jobs

        jobs.save_latent(path, latent)
        return path

    return JobSpec(f"Saving {path.name}", PoolCall(work), listed=False, queue=f"file {path}")
