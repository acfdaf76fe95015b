"""``bits RUN [DATA…]``: bits/dim, its terms, and rate and distortion as Table 4 [DDPM §4.3]."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddpm_studio.cli.options import (
    Devices,
    Json,
    Run,
    data_argument,
    request_from_options,
    with_options,
)
from ddpm_studio.cli.output import print_json
from ddpm_studio.export.atomic_writes import atomic_write, check_destination
from ddpm_studio.rank_flag import requested_devices
from ddpm_studio.requests import BitsRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import BitsMeasured


@with_options(BitsRequest, skip={"run"})
def command(
    run: Run,
    data: Annotated[
        list[Path] | None,
        data_argument(
            help="Pictures, folders, archives, arrays, or sample:NAME; without them those it was "
            "trained on."
        ),
    ] = None,
    table: Annotated[
        bool, typer.Option("--table", help="Rate and distortion in the layout of Table 4.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE.json",
            help="Also write all figures to a file.",
            show_default=False,
        ),
    ] = None,
    devices: Devices = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Measure bits/dim of pictures under a model."""
    rank_devices = requested_devices(devices)
    request = request_from_options(BitsRequest, given, run=run)
    if out is not None:
        check_destination(out, {".json"})
    from ddpm_studio.cli.job_runner import run_job
    from ddpm_studio.jobs import ModelStore, measure_bits

    result = run_job(measure_bits(request, data or [], ModelStore(), rank_devices))
    if out is not None:
        with atomic_write(out) as temporary:
            temporary.write_text(json_module.dumps(asdict(result), indent=1), encoding="utf-8")
    if json:
        print_json(asdict(result))
    elif table:
        _print_table(result)
    else:
        _print_result(result)


def _print_result(result: BitsMeasured) -> None:
    from ddpm_studio.jobs.measuring.formatting import bits_counts_text, bits_remark, bits_rows

    for row in bits_rows(result):
        name = f"{'  ' if row.part else ''}{row.name}"
        print(f"{name:<12}{row.value:>9}{row.error}")
    if remark := bits_remark(result):
        print(remark)
    print(bits_counts_text(result))


def _print_table(result: BitsMeasured) -> None:
    from ddpm_studio.jobs.measuring.formatting import TABLE_4_HEADERS, table_4_rows

    print("   ".join(TABLE_4_HEADERS))
    for row in table_4_rows(result):
        cells = zip(row, TABLE_4_HEADERS, strict=True)
        print("   ".join(f"{cell:>{len(header)}}" for cell, header in cells))
