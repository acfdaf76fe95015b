"""``data DATA…``: prepare a data set and print the report."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import Annotated, Any

from ddpm_studio.cli.options import Json, data_argument, request_from_options, with_options
from ddpm_studio.cli.output import print_json
from ddpm_studio.requests import PrepareOptions

_REJECTS_SHOWN = 50


@with_options(PrepareOptions)
def command(
    data: Annotated[
        list[Path],
        data_argument(help="Pictures, folders, archives, arrays, or sample:NAME."),
    ],
    json: Json = False,
    **given: Any,
) -> None:
    """Report what a set of pictures contains and what is left out."""
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.data import prepare

    dataset = run_job(prepare(data, request_from_options(PrepareOptions, given)))
    report = dataset.report
    if json:
        fields = json_module.loads(report.to_json())
        fields |= {"image_size": dataset.image_size, "channels": dataset.channels}
        print_json({**fields, "fingerprint": dataset.fingerprint})
        return
    for line in report.lines():
        print(line)
    shape = dataset.shape
    print(f"Prepared as {shape}.")
    for reject in report.rejects[:_REJECTS_SHOWN]:
        print(f"Left out: {reject.name} ({reject.reason})")
    hidden_count = len(report.rejects) - _REJECTS_SHOWN
    if hidden_count > 0:
        print(f"and {hidden_count:,} more; --json lists all.")
