"""The tasks that the window asks for; torch is imported where they run, in the backend."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ddpm_studio.backend.spec import Lane, Task
from ddpm_studio.data.samples import title_of
from ddpm_studio.jobs.events import Event, Latent, Pictures
from ddpm_studio.jobs.training.spare import Spare
from ddpm_studio.requests import (
    BitsRequest,
    DecodeRequest,
    InpaintRequest,
    InterpolateRequest,
    NeighboursRequest,
    PathRequest,
    PrepareOptions,
    SampleRequest,
    ShareRequest,
    TrainRequest,
)

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore, RunSummary
    from ddpm_studio.jobs.drawing.recipes import Restored


@dataclass(frozen=True)
class RunView:
    """A run as the window shows it; its curves are in a :class:`RunRecord`.

    ``alphas_cumprod`` are ᾱ_1 … ᾱ_T of its forward process, shape (T,).
    """

    summary: RunSummary
    request: TrainRequest | None
    sources: tuple[Path, ...]
    options: PrepareOptions
    alphas_cumprod: npt.NDArray[np.float64]


def preview(
    sources: Sequence[Path],
    options: PrepareOptions,
    count: int = 24,
    slot: str | None = "preview",
) -> Task:
    """Prepare a few pictures to show what the options do; the result is data's PreviewResult."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import data

        yield from ()
        return data.preview(sources, options, count)

    return Task("Preview", work, slot=slot, listed=False)


def prepare(sources: Sequence[Path], options: PrepareOptions) -> Task:
    """Prepare all pictures; the result is a Dataset."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import data

        return (yield from data.prepare(sources, options))

    return Task(f"Reading {_title(sources)}", work, Lane.BACKGROUND, slot="prepare")


def train(
    sources: Sequence[Path],
    run: Path,
    request: TrainRequest,
    options: PrepareOptions,
    resume: bool = False,
    spare: Spare | None = None,
) -> Task:
    """Train, elsewhere if ``run`` refuses and ``spare`` names a place; gives a TrainResult."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.train(sources, run, request, options, resume=resume, models=models, spare=spare)

    return Task(f"Training {run.name}", work, Lane.BACKGROUND)


def sample(request: SampleRequest, slot: str | None = None) -> Task:
    """Draw pictures; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.sample(request, models)

    return Task(f"Sampling {request.count}", work, slot=slot)


def share(
    request: ShareRequest,
    picture: Pictures | None,
    slot: str | None = None,
    latent: Latent | None = None,
) -> Task:
    """Draw many pictures from one latent; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.share(request, picture, models, latent)

    return Task(f"Sharing at t = {request.t}", work, slot=slot)


def interpolate(
    request: InterpolateRequest, ends: Sequence[Pictures], slot: str | None = None
) -> Task:
    """Mix two pictures, or four corners; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.interpolate(request, ends, models)

    return Task(f"Interpolating at t = {request.t}", work, slot=slot)


def inpaint(
    request: InpaintRequest,
    picture: Pictures,
    mask: npt.NDArray[np.bool_],
    slot: str | None = None,
) -> Task:
    """Fill in what is masked; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.inpaint(request, picture, mask, models)

    return Task("Filling in", work, slot=slot)


def walk_path(request: PathRequest, keys: Sequence[Pictures], slot: str | None = None) -> Task:
    """Walk through several pictures in turn; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.walk_path(request, keys, models)

    return Task(f"Walking through {len(keys)} pictures", work, slot=slot)


def redraw(found: Restored, slot: str | None = None) -> Task:
    """Draw again what a recipe tells of; the result is Drawn."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.redraw(found, models)

    return Task("Drawing again", work, slot=slot)


def neighbours(request: NeighboursRequest, picture: Pictures, slot: str | None = None) -> Task:
    """Find the training pictures nearest to one; the result is NeighboursFound."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.find_neighbours(request, picture)

    return Task("Looking for neighbours", work, slot=slot)


def load_latent(path: Path) -> Task:
    """Read a latent from a file; the result is a Latent."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.load_latent(path)

    return Task(f"Reading {path.name}", work, slot="latent", listed=False)


def save_latent(path: Path, latent: Latent) -> Task:
    """Write a latent into a file; the result is its path."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        jobs.save_latent(path, latent)
        return path

    return Task(f"Saving {path.name}", work, listed=False)


def import_model(source: Path, run: Path) -> Task:
    """Make a run of a diffusers folder; the result is the run's path."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.import_diffusers(source, run)

    return Task(f"Opening {source.name}", work, slot="import")


def measure_bits(request: BitsRequest, slot: str | None = None) -> Task:
    """Measure bits/dim of the pictures that a run was trained on; the result is BitsMeasured."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.measure_bits(request, [], models)

    # As long as a training: it takes turns with one.
    return Task(f"Measuring {request.count} pictures", work, Lane.BACKGROUND, slot=slot)


def decode(request: DecodeRequest, picture: Pictures, slot: str | None = None) -> Task:
    """Decode a picture progressively; the result is Decoded."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.decode(request, picture, models)

    return Task("Decoding a picture", work, slot=slot)


def share_series(
    requests: Sequence[ShareRequest], picture: Pictures | None, slot: str | None = None
) -> Task:
    """Share at several t; emits and returns one Drawn for each."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.share_series(requests, picture, models)

    return Task(f"Sharing at {len(requests)} t", work, slot=slot)


def interpolate_series(
    requests: Sequence[InterpolateRequest], ends: Sequence[Pictures], slot: str | None = None
) -> Task:
    """Interpolate at several t; emits and returns one Drawn for each."""

    def work(models: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        return jobs.interpolate_series(requests, ends, models)

    return Task(f"Interpolating at {len(requests)} t", work, slot=slot)


def fit_picture(picture: Pictures, run: Path, slot: str | None = None) -> Task:
    """Prepare a picture (H, W, C) for a run's model; the result is uint8 (H, W, C)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.fit_picture(picture, run)

    return Task("Fitting a picture", work, slot=slot, listed=False)


def some_pictures(run: Path, count: int = 24, slot: str | None = None) -> Task:
    """Read some of the pictures that a run was trained on; the result is uint8 (N, H, W, C)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.some_pictures(run, count)

    return Task("Looking at the data", work, slot=slot, listed=False)


def load_picture(path: Path, run: Path, slot: str | None = None) -> Task:
    """Read a picture and prepare it for a run's model; the result is uint8 (H, W, C)."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs

        yield from ()
        return jobs.load_picture(path, run)

    return Task(f"Reading {path.name}", work, slot=slot, listed=False)


def open_run(run: Path) -> Task:
    """Read a run folder; the result is a :class:`RunView`."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio import jobs
        from ddpm_studio.jobs.drawing.pictures import prepare_options
        from ddpm_studio.runs import RunFolder

        yield from ()
        folder = RunFolder.open(run)
        return RunView(
            jobs.describe_run(run),
            folder.info.request,
            tuple(Path(source) for source in folder.info.data.sources) if folder.info.data else (),
            prepare_options(folder.info),
            folder.info.process.build().schedule.alphas_cumprod.numpy(),
        )

    return Task(f"Opening {run.name}", work, slot="open run", listed=False)


def interrupted() -> Task:
    """Look for trainings whose process ended without a word; the result is a list of Entry."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import journal

        yield from ()
        return journal.interrupted()

    return Task("Looking for interrupted runs", work, listed=False)


def leave_interrupted(run: Path) -> Task:
    """Note that nobody wants to go on with a run that was interrupted."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.runs import journal

        yield from ()
        journal.end(run)

    return Task(f"Leaving {run.name}", work, listed=False)


def _title(sources: Sequence[Path]) -> str:
    return title_of(sources[0]) if len(sources) == 1 else f"{len(sources)} files"
