"""Jobs that write reports of runs."""

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

    # As long as a training: it takes turns with one.
    title = f"Report of {request.run.name}"
    return JobSpec(title, DeviceSteps(work), Lane.BACKGROUND, wanted=True)


def forecast(run: Path) -> JobSpec[ReportForecast]:
    """Find out about how long a report of a run takes here, a quick one and a full one."""

    def work(models: ModelStore) -> Generator[Event, None, ReportForecast]:
        from ddpm_studio.jobs.reporting.forecast import forecast as foretell

        return foretell(run, models)

    return JobSpec(
        f"Timing a report of {run.name}", DeviceSteps(work), slot="report forecast", listed=False
    )
