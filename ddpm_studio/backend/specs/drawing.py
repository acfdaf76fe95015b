"""Drawing jobs: samples, shared latents, interpolations, redrawing a recipe, latent files."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, PoolCall
from ddpm_studio.catalogue.tools import drawing_of
from ddpm_studio.durations import format_count
from ddpm_studio.jobs.events import DrawingResult, Event, Latent, Pictures
from ddpm_studio.requests import DrawRequest, InterpolateRequest, SampleRequest, ShareRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.jobs.drawing.recipes import ParsedRecipe


def draw(request: DrawRequest, slot: str | None = None, **inputs: Any) -> JobSpec[DrawingResult]:
    """Draw pictures for a request.

    Args:
        request: the request; its class determines the kind of drawing.
        slot: a newer job of the same slot replaces this one.
        inputs: pictures, masks or latents, by the names of the kind's inputs; see
            :class:`ddpm_studio.catalogue.tools.DrawingInfo`.
    """
    drawing = drawing_of(request)
    counts = {entry.name: len(inputs[entry.name]) for entry in drawing.inputs if entry.at_least}

    def work(models: ModelStore) -> Generator[Event, None, DrawingResult]:
        events: Generator[Event, None, DrawingResult] = drawing.load()(
            request, models=models, **inputs
        )
        return events

    title = drawing.doing.format(**dict(request), **counts)
    return JobSpec(title, DeviceSteps(work), slot=slot)


def redraw(recipe: ParsedRecipe, slot: str | None = None) -> JobSpec[DrawingResult]:
    """Repeat the drawing of a recipe."""

    def work(models: ModelStore) -> Generator[Event, None, DrawingResult]:
        from ddpm_studio import jobs

        return jobs.redraw(recipe, models)

    return JobSpec("Drawing again", DeviceSteps(work), slot=slot)


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, slot: str | None = None
) -> JobSpec[list[DrawingResult]]:
    """Draw from shared latents at several t; emits and returns one DrawingResult for each."""

    def work(models: ModelStore) -> Generator[Event, None, list[DrawingResult]]:
        from ddpm_studio import jobs

        return jobs.share_series(requests, picture, models)

    return JobSpec(f"Sharing at {len(requests)} t", DeviceSteps(work), slot=slot)


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], slot: str | None = None
) -> JobSpec[list[DrawingResult]]:
    """Interpolate at several t; emits and returns one DrawingResult for each."""

    def work(models: ModelStore) -> Generator[Event, None, list[DrawingResult]]:
        from ddpm_studio import jobs

        return jobs.interpolate_series(requests, ends, models)

    return JobSpec(f"Interpolating at {len(requests)} t", DeviceSteps(work), slot=slot)


def sample_interleaved(
    requests: Sequence[SampleRequest], slot: str | None = None
) -> JobSpec[list[DrawingResult]]:
    """Sample with several samplers in lockstep; emits InterleavedEvents; a DrawingResult each."""

    def work(models: ModelStore) -> Generator[Event, None, list[DrawingResult]]:
        from ddpm_studio import jobs

        return jobs.sample_interleaved(requests, models)

    return JobSpec(
        f"Sampling with {format_count(len(requests), 'sampler')}", DeviceSteps(work), slot=slot
    )


def load_latent(path: Path) -> JobSpec[Latent]:
    """Read a latent from a file."""

    def work() -> Latent:
        from ddpm_studio import jobs

        return jobs.load_latent(path)

    return JobSpec(f"Reading {path.name}", PoolCall(work), slot="latent", listed=False)


def save_latent(path: Path, latent: Latent) -> JobSpec[Path]:
    """Write a latent to a file; the result is its path."""

    def work() -> Path:
        from ddpm_studio import jobs

        jobs.save_latent(path, latent)
        return path

    return JobSpec(f"Saving {path.name}", PoolCall(work), listed=False, queue=f"file {path}")
