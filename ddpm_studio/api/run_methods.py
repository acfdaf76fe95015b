"""Base class of a run's methods: builds requests from keyword options, and runs jobs."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

from ddpm_studio.api.job_runner import run_job
from ddpm_studio.api.options import check_options
from ddpm_studio.api.pictures import AnyPath
from ddpm_studio.jobs.events import Event
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.requests import Request
from ddpm_studio.runs import RunFolder
from ddpm_studio.runs.ready import resolve_run

RequestT = TypeVar("RequestT", bound=Request)
ResultT = TypeVar("ResultT")


class RunMethods:
    """A run folder whose methods make a request and run its job.

    Args:
        folder: the run folder, or ``ready:NAME``.
        progress: show the progress of jobs in a notebook or a terminal.

    Raises:
        StudioError: if it is no run folder, or damaged.
    """

    def __init__(self, folder: AnyPath, *, progress: bool = True) -> None:
        self.path = resolve_run(folder)
        self.progress = progress
        RunFolder.open(self.path)

    def _request(
        self, model: type[RequestT], method: str, options: dict[str, Any], **arguments: object
    ) -> RequestT:
        """Build a request from the options, and the method's own arguments that are not None."""
        passed = {name: value for name, value in arguments.items() if value is not None}
        given = check_options(method, {**options, **passed}, model)
        return build_request(model, given, run=self.path)

    def _run_job(
        self,
        job: Generator[Event, None, ResultT],
        on_event: Callable[[Event], object] | None = None,
    ) -> ResultT:
        return run_job(job, self.progress, on_event)
