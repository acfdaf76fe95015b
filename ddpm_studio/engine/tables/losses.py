"""Table of training losses."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Option, Table

_LOSSES = "ddpm_studio.engine.losses"

GAMMA = Option("gamma", "γ", "Cap on the signal-to-noise ratio [Hang et al. 2023].", 5.0, 0.0, 1e9)


@dataclass(frozen=True, eq=False)
class LossInfo(Entry):
    """Training loss.

    Its code is a function like :func:`ddpm_studio.engine.losses.l_simple`: of (process, model, x_0,
    level, noise), it returns the loss of each picture, shape (N,).

    Args:
        fixed: supports a fixed variance.
        learned: supports a learned variance.
        needs_signal: weights each t by its signal, so that nothing is learnt from pure noise (zero
            terminal SNR).
        stepwise: is defined for a step t → t − 1, hence only at the schedule's own timesteps.
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
