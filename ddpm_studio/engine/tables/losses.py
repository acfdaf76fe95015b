"""All training losses."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Option, Table

_LOSSES = "ddpm_studio.engine.losses"

GAMMA = Option("gamma", "γ", "Cap on the signal-to-noise ratio [Hang et al. 2023].", 5.0, 0.0, 1e9)


@dataclass(frozen=True, eq=False)
class LossInfo(Entry):
    """A training loss.

    Its code is a function as :func:`ddpm_studio.engine.losses.l_simple`: of (process, model, x_0,
    level, noise), it returns the loss of each picture, shape (N,).

    Args:
        fixed: goes with a variance that is not learned.
        learned: goes with a learned variance.
        needs_signal: weighs each t by its signal, so that of noise alone nothing is learnt.
        stepwise: is of the step from t to t − 1, and so of the schedule's own timesteps alone.
    """

    fixed: bool = field(default=True, kw_only=True)
    learned: bool = field(default=False, kw_only=True)
    needs_signal: bool = field(default=False, kw_only=True)
    stepwise: bool = field(default=False, kw_only=True)


LOSSES = Table(
    "loss",
    LossInfo,
    (
        LossInfo("simple", "simple", "the paper's", f"{_LOSSES}:l_simple"),
        LossInfo(
            "min_snr",
            "min-SNR",
            "weighted",
            f"{_LOSSES}:l_min_snr",
            options=(GAMMA,),
            needs_signal=True,
        ),
        LossInfo("vlb", "VLB", "the bound itself", f"{_LOSSES}:l_vlb", learned=True, stepwise=True),
        LossInfo(
            "hybrid",
            "hybrid",
            "simple, and the bound for a learned variance",
            f"{_LOSSES}:l_hybrid",
            fixed=False,
            learned=True,
            stepwise=True,
        ),
    ),
)
