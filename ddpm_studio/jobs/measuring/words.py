"""Measurements in the words and digits of the terminal, wherever they are told."""

from __future__ import annotations

from typing import NamedTuple

from ddpm_studio.jobs.events import BitsMeasured

# As many rows as the paper's table has.
_ROWS = 10
TABLE_4_HEADS = (
    "Reverse process time (T−t+1)",
    "Rate (bits/dim)",
    "Distortion (RMSE [0, 255])",
)


class BitsRow(NamedTuple):
    """A figure in bits/dim, its standard error, and whether it is a part of the one above."""

    name: str
    value: str
    error: str
    part: bool = False


def bits_rows(result: BitsMeasured) -> list[BitsRow]:
    """Return the bound, its parts and, where it was followed, the flow's figure."""
    rows = [
        BitsRow("Bits/dim", _bits(result.total), _error(result.standard_error)),
        BitsRow("L_T", _bits(result.prior), "", part=True),
        BitsRow("Σ L_t−1", _bits(result.middle), "", part=True),
        BitsRow("L_0", _bits(result.decoder), "", part=True),
    ]
    if result.flow is not None:
        rows.append(BitsRow("By the flow", _bits(result.flow), _error(result.flow_standard_error)))
    return rows


def bits_counted(result: BitsMeasured) -> str:
    """Return over how many pictures and timesteps the bound was measured."""
    counted = "1 picture" if result.pictures == 1 else f"{result.pictures:,} pictures"
    if len(result.t) == result.T:
        return f"Over {counted} and all {result.T:,} timesteps."
    return f"Over {counted}; Σ is estimated from {len(result.t):,} of {result.T:,} timesteps."


def table_4_rows(result: BitsMeasured) -> list[tuple[str, str, str]]:
    """Return rate and distortion at ten t, in the layout of Table 4."""
    wanted = [result.T - result.T * k // _ROWS + 1 for k in range(_ROWS, 0, -1)]
    # Where not all timesteps were evaluated, those nearest.
    rows = dict.fromkeys(
        min(range(len(result.t)), key=lambda row: abs(result.t[row] - t)) for t in wanted
    )
    return [
        (
            str(result.T - result.t[row] + 1),
            f"{result.rate[row]:.5f}",
            f"{result.distortion[row]:.5f}",
        )
        for row in rows
    ]


def _bits(value: float) -> str:
    return f"{value:.4f}"


def _error(value: float | None) -> str:
    return "" if value is None else f" ± {value:.4f}"
