"""Text of measurements: rows and sentences shown by terminal, window and reports alike."""

from __future__ import annotations

from typing import NamedTuple

from ddpm_studio.durations import format_count
from ddpm_studio.jobs.events import BitsMeasured

# Number of rows, as in the paper's table.
_ROWS = 10
TABLE_4_HEADERS = (
    "Reverse process time (T−t+1)",
    "Rate (bits/dim)",
    "Distortion (RMSE [0, 255])",
)

# Bits of a value of 256 levels stored as it is.
_STORED_BITS = 8
_REASONS = {
    "L_T": "what of a picture is left at T; more timesteps or zero terminal SNR leave less",
    "Σ L_t−1": "where at small t the variance is tiny and a mean that is a little off costs much; "
    "a longer training, or a network that learns the variance, gives a tight bound",
    "L_0": "the last step, whose variance is tiny: a mean that misses its level by a little, which "
    "no eye sees, costs much; a network that predicts ε, or learns the variance, gives a tight "
    "bound",
}


class BitsRow(NamedTuple):
    """A row of bits/dim with its standard error; ``part``: it is a term of the total above."""

    name: str
    value: str
    error: str
    part: bool = False


def bits_rows(result: BitsMeasured) -> list[BitsRow]:
    """Return rows of the bound, its terms and, if it was computed, the flow."""
    rows = [
        BitsRow("Bits/dim", _bits(result.total), _error(result.standard_error)),
        BitsRow("L_T", _bits(result.prior), "", part=True),
        BitsRow("Σ L_t−1", _bits(result.middle), "", part=True),
        BitsRow("L_0", _bits(result.decoder), "", part=True),
    ]
    if result.flow is not None:
        rows.append(BitsRow("By the flow", _bits(result.flow), _error(result.flow_standard_error)))
    return rows


def bits_counts_text(result: BitsMeasured) -> str:
    """Return a sentence on the numbers of pictures and timesteps of the bound."""
    pictures = format_count(result.pictures, "picture")
    if len(result.t) == result.T:
        return f"Over {pictures} and all {result.T:,} timesteps."
    return f"Over {pictures}; Σ is estimated from {len(result.t):,} of {result.T:,} timesteps."


def bits_remark(result: BitsMeasured) -> str:
    """Return a sentence on why a bound exceeds the 8 bits of storing a value; "" if it does not.

    Each term is that of a Gaussian, whose variance is tiny at small t: a mean that is slightly off
    costs much there, whatever the samples look like.
    """
    if result.total <= _STORED_BITS:
        return ""
    parts = {"L_T": result.prior, "Σ L_t−1": result.middle, "L_0": result.decoder}
    largest = max(parts, key=lambda name: parts[name])
    reason = _REASONS[largest]
    share = f"{parts[largest] / result.total:.0%}"
    return (
        f"More than the 8 bits that a level of 256 takes as it is: {share} is {largest}, {reason}."
    )


def table_4_rows(result: BitsMeasured) -> list[tuple[str, str, str]]:
    """Return (T−t+1, rate, distortion) at ten t, in the layout of Table 4."""
    target_t = [result.T - result.T * k // _ROWS + 1 for k in range(_ROWS, 0, -1)]
    # If not all timesteps were evaluated, the nearest ones are used.
    rows = dict.fromkeys(
        min(range(len(result.t)), key=lambda row: abs(result.t[row] - t)) for t in target_t
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
