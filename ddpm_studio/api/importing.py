"""Import of other programs' models, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ddpm_studio import jobs
from ddpm_studio.api.job_runner import run_job
from ddpm_studio.api.options import accepts_options, check_options
from ddpm_studio.api.pictures import AnyPath
from ddpm_studio.api.run import Run
from ddpm_studio.jobs.request_building import build_request
from ddpm_studio.requests import ImportRequest


@accepts_options(ImportRequest)
def import_model(source: AnyPath, *, run: AnyPath, progress: bool = True, **options: Any) -> Run:
    """Import another program's model as a run; none of the code in its files is run.

    Settings that neither the files nor the options give take their usual values, which is logged
    as a warning of the logger ``ddpm_studio``.

    Args:
        source: a folder of diffusers or of its trainer, or a checkpoint of a layout in
            ``catalogue.MODEL_FORMATS``.
        run: the run folder, new or empty.
        progress: see :func:`ddpm_studio.open`.
        options: fields of :class:`ddpm_studio.requests.ImportRequest`.

    Returns:
        The run.

    Raises:
        TypeError: for an unknown option.
        StudioError: if it is no such model, or a setting without a usual value is missing.
    """
    request = build_request(ImportRequest, check_options("import_model", options, ImportRequest))
    folder = run_job(jobs.import_model(Path(source), Path(run), request), progress)
    return Run(folder, progress=progress)
