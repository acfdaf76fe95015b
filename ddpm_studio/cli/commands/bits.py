"""``bits RUN [DATA…]``: bits/dim, its parts, and Table 4 [DDPM §4.3]."""

from __future__ import annotations

import json as json_module
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ddpm_studio.cli.options import Json, Run, data_argument, validated, with_options
from ddpm_studio.cli.output import emit
from ddpm_studio.export.writing import check_destination, whole_file
from ddpm_studio.requests import BitsRequest

if TYPE_CHECKING:
    from ddpm_studio.jobs.events import BitsMeasured

# As many rows as the paper's table has.
_ROWS = 10
_HEADS = ("Reverse process time (T−t+1)", "Rate (bits/dim)", "Distortion (RMSE [0, 255])")


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
            "--out", metavar="FILE.json", help="All figures as a file too.", show_default=False
        ),
    ] = None,
    json: Json = False,
    **given: Any,
) -> None:
    """Measure bits/dim of pictures under a model."""
    request = validated(BitsRequest, given, run=run)
    if out is not None:
        check_destination(out, {".json"})
    from ddpm_studio.cli.listening import listen
    from ddpm_studio.jobs import ModelStore, measure_bits

    result = listen(measure_bits(request, data or [], ModelStore()))
    if out is not None:
        with whole_file(out) as temporary:
            temporary.write_text(json_module.dumps(asdict(result), indent=1), encoding="utf-8")
    if json:
        emit(asdict(result))
    elif table:
        _tell_table(result)
    else:
        _tell(result)


def _tell(result: BitsMeasured) -> None:
    rows = [
        ("Bits/dim", result.total, _error(result.standard_error)),
        ("  L_T", result.prior, ""),
        ("  Σ L_t−1", result.middle, ""),
        ("  L_0", result.decoder, ""),
    ]
    if result.flow is not None:
        rows.append(("By the flow", result.flow, _error(result.flow_standard_error)))
    for name, value, error in rows:
        print(f"{name:<12}{value:9.4f}{error}")
    counted = "1 picture" if result.pictures == 1 else f"{result.pictures:,} pictures"
    if len(result.t) == result.T:
        print(f"Over {counted} and all {result.T:,} timesteps.")
    else:
        print(f"Over {counted}; Σ is estimated from {len(result.t):,} of {result.T:,} timesteps.")


def _error(value: float | None) -> str:
    return "" if value is None else f" ± {value:.4f}"


def _tell_table(result: BitsMeasured) -> None:
    print("   ".join(_HEADS))
    wanted = [result.T - result.T * k // _ROWS + 1 for k in range(_ROWS, 0, -1)]
    # Where not all timesteps were evaluated, those nearest.
    rows = dict.fromkeys(
        min(range(len(result.t)), key=lambda row: abs(result.t[row] - t)) for t in wanted
    )
    for row in rows:
        cells = (
            str(result.T - result.t[row] + 1),
            f"{result.rate[row]:.5f}",
            f"{result.distortion[row]:.5f}",
        )
        print("   ".join(f"{cell:>{len(head)}}" for cell, head in zip(cells, _HEADS, strict=True)))
