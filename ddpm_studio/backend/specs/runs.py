"""Tasks that read what runs have written, whoever writes it; torch is imported where they run."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ddpm_studio.backend.spec import Task
from ddpm_studio.jobs.events import Event

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.runs.metrics import Place


def list_runs(folders: Sequence[Path], also: Sequence[Path]) -> Task:
    """List the runs in folders and at places of their own; the result is RunEntry, ...."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library.listing import list_runs

        return list_runs(folders, also)

    return Task("Reading runs", work, slot="list runs", listed=False)


def compare_runs(runs: Sequence[Path]) -> Task:
    """Read the settings of runs; the result is a dict from title to text for each."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library.listing import run_settings

        yield from ()
        return [run_settings(run) for run in runs]

    return Task("Comparing runs", work, slot="compare runs", listed=False)


def look_at_run(run: Path, place: Place | None) -> Task:
    """Read what a run has written since ``place``; the result is RunNews."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.library.history import look_at_run
        from ddpm_studio.runs.metrics import Place

        yield from ()
        return look_at_run(run, place or Place())

    return Task(f"Following {run.name}", work, listed=False)


def load_previews(paths: Sequence[Path], slot: str) -> Task:
    """Read what a training drew at several steps; emits a SampleGrid for each that is whole."""

    def work(_: ModelStore) -> Generator[Event, None, None]:
        from ddpm_studio.errors import StudioError
        from ddpm_studio.jobs.training.previews import read_preview

        for path in paths:
            with contextlib.suppress(StudioError):
                yield read_preview(path)

    return Task("Reading samples", work, slot=slot, listed=False)


def load_preview(path: Path, slot: str) -> Task:
    """Read what a training drew at some step; the result is a SampleGrid."""

    def work(_: ModelStore) -> Generator[Event, None, Any]:
        from ddpm_studio.jobs.training.previews import read_preview

        yield from ()
        return read_preview(path)

    return Task(f"Reading {path.name}", work, slot=slot, listed=False)
