"""Import of other programs' models, from Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ddpm_studio import jobs
from ddpm_studio.api.listening import listen
from ddpm_studio.api.options import checked, takes
from ddpm_studio.api.pictures import AnyPath
from ddpm_studio.api.run import Run
from ddpm_studio.jobs.asking import ask
from ddpm_studio.requests import ImportRequest


@takes(ImportRequest)
def import_model(source: AnyPath, *, run: AnyPath, progress: bool = True, **options: Any) -> Run:
    """Make a run of another program's model; none of the code in its files is run.

    What the files do not say and the options do neither is taken as usual, which is a warning of
    the logger ``ddpm_studio``.

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
        StudioError: if it is no such model, or leaves open what nothing is usual for.
    """
    request = ask(ImportRequest, checked("import_model", options, ImportRequest))
    made = listen(jobs.import_model(Path(source), Path(run), request), progress)
    return Run(made, progress=progress)
