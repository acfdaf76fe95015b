"""Report jobs: writing a run's report, and estimating how long it takes."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ddpm_studio.backend.spec import DeviceSteps, JobSpec, Lane
from ddpm_studio.jobs.events import Event
from ddpm_studio.requests import ReportRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs import ModelStore
    from ddpm_studio.jobs.reporting.forecast import ReportForecast


def report(request: ReportRequest, sources: Sequence[Path], path: Path) -> JobSpec[Path]:
    """Write a run's report; the result is its path."""

    def work(models: ModelStore) -> Generator[Event, None, Path]:
        from ddpm_studio import jobs

        return jobs.report(request, sources, path, models)

    # It may take as long as a training, and so takes turns with one.
    title = f"Report of {request.run.name}"
    return JobSpec(title, DeviceSteps(work), Lane.BACKGROUND, wanted=True)


def forecast(run: Path) -> JobSpec[ReportForecast]:
    """Estimate how long a quick and a full report of a run take on this machine."""

    def work(models: ModelStore) -> Generator[Event, None, ReportForecast]:
        from ddpm_studio.jobs.reporting.forecast import forecast as foretell

        return foretell(run, models)

    return JobSpec(
        f"Timing a report of {run.name}", DeviceSteps(work), slot="report forecast", listed=False
    )
