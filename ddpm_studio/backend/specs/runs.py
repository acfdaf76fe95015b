"""Jobs that read run folders (also those being written by others), and import models."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, PoolCall, PoolSteps
from ddpm_studio.catalogue.origins import missing
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, SampleGrid
from ddpm_studio.requests import ImportRequest, PrepareOptions, TrainRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelDescription, ModelStore, RunSummary
    from ddpm_studio.jobs.library.history import RunUpdate
    from ddpm_studio.jobs.library.listing import RunEntry
    from ddpm_studio.runs.metrics import FilePosition


@dataclass(frozen=True)
class RunView:
    """A run as the window shows it; its curves are in a :class:`RunRecord`.

    ``alphas_cumprod`` are ᾱ_1 … ᾱ_T of its forward process, shape (T,); None if its schedule is a
    missing plug-in's. ``has_averages`` is whether it keeps EMA snapshots, from which averages of
    any length are rebuilt, ``fine_tuned`` whether it began with another run's weights. ``plans``
    are the planned totals of steps, in order, and ``more_pictures`` is how many more pictures it
    has seen than its steps would have at the current batch size.
    """

    summary: RunSummary
    request: TrainRequest | None
    sources: tuple[Path, ...]
    options: PrepareOptions
    alphas_cumprod: npt.NDArray[np.float64] | None
    has_averages: bool
    fine_tuned: bool = False
    plans: tuple[int, ...] = ()
    more_pictures: int = 0

    def pictures_seen_at(self, step: int) -> int:
        """Return how many pictures it has seen up to its last step, or a later one in training."""
        per_step = 0 if self.request is None else self.request.pictures_per_step
        return self.more_pictures + step * per_step

    @property
    def trainable(self) -> bool:
        """Whether its training can be resumed: it was trained here, and is not a published copy."""
        return self.request is not None and self.summary.title is None


def open_run(run: Path, slot: str | None = "open run") -> JobSpec[RunView]:
    """Read a run folder.

    Args:
        run: the folder.
        slot: a newer job of the same slot replaces this one; None: it is read in any case.
    """

    def work() -> RunView:
        from ddpm_studio import jobs
        from ddpm_studio.jobs.drawing.pictures import prepare_options
        from ddpm_studio.jobs.library.training_pictures import (
            has_training_pictures,
            training_sources,
        )
        from ddpm_studio.runs import RunFolder
        from ddpm_studio.runs.averages import has_average_snapshots

        folder = RunFolder.open(run)
        sources: list[Path] = []
        # The training pictures of a published model are not expected on this machine.
        if folder.info.published is None or has_training_pictures(folder.info):
            with contextlib.suppress(StudioError):
                sources = training_sources(folder.info)
        has_schedule = not missing(folder.info.plugins, ("schedule",))
        summary, request = jobs.describe_run(run), folder.info.request
        current_pictures = 0 if request is None else summary.step * request.pictures_per_step
        return RunView(
            summary,
            request,
            tuple(sources),
            prepare_options(folder.info),
            folder.info.process.noise_schedule().alphas_cumprod.numpy() if has_schedule else None,
            has_average_snapshots(folder),
            folder.info.start_from is not None,
            folder.info.plans,
            folder.info.pictures_seen_at(summary.step) - current_pictures,
        )

    return JobSpec(f"Opening {run.name}", PoolCall(work), slot=slot, listed=False)


def inspect_model(source: Path) -> JobSpec[ModelDescription | None]:
    """Examine another program's model, and which settings it lacks; None: it is no model."""

    def work() -> ModelDescription | None:
        from ddpm_studio import jobs

        return jobs.inspect_model(source)

    return JobSpec(f"Looking at {source.name}", PoolCall(work), slot="import", listed=False)


def import_model(source: Path, run: Path, request: ImportRequest) -> JobSpec[Path]:
    """Import another program's model as a run; the result is the run's path."""

    # Building a network draws from torch's global random generator, which only the device thread
    # may use.
    def work(_: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import jobs

        return jobs.import_model(source, run, request)

    return JobSpec(f"Opening {source.name}", DeviceSteps(work), slot="import", wanted=True)


def list_runs(folders: Sequence[Path], further: Sequence[Path]) -> JobSpec[tuple[RunEntry, ...]]:
    """List the runs in folders, and those at further paths."""

    def work() -> Generator[Event, None, tuple[RunEntry, ...]]:
        from ddpm_studio.jobs.library.listing import list_runs

        return list_runs(folders, further)

    return JobSpec("Reading runs", PoolSteps(work), slot="list runs", listed=False)


def compare_runs(runs: Sequence[Path]) -> JobSpec[list[dict[str, str]]]:
    """Read the settings of runs, to compare; the result is a dict from title to text for each."""

    def work() -> list[dict[str, str]]:
        from ddpm_studio.jobs.library.listing import run_settings

        return [run_settings(run) for run in runs]

    return JobSpec("Comparing runs", PoolCall(work), slot="compare runs", listed=False)


def read_run_update(
    run: Path, position: FilePosition | None, *, figures: bool = True
) -> JobSpec[RunUpdate]:
    """Read an update of a run: its state, and with ``figures`` its metrics since ``position``."""

    def work() -> RunUpdate:
        from ddpm_studio.jobs.library.history import read_run_update
        from ddpm_studio.runs.metrics import FilePosition

        return read_run_update(run, position or FilePosition(), figures=figures)

    return JobSpec(f"Following {run.name}", PoolCall(work), listed=False)


def load_previews(paths: Sequence[Path], slot: str) -> JobSpec[None]:
    """Read a training's previews; emits a SampleGrid for each file that is readable."""

    def work() -> Generator[Event, None, None]:
        from ddpm_studio.jobs.library.preview_sheets import read_preview

        for path in paths:
            with contextlib.suppress(StudioError):
                yield read_preview(path)

    return JobSpec("Reading samples", PoolSteps(work), slot=slot, listed=False)


def load_preview(path: Path, slot: str) -> JobSpec[SampleGrid]:
    """Read one preview of a training."""

    def work() -> SampleGrid:
        from ddpm_studio.jobs.library.preview_sheets import read_preview

        return read_preview(path)

    return JobSpec(f"Reading {path.name}", PoolCall(work), slot=slot, listed=False)
