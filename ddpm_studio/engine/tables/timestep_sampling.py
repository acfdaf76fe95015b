"""Table of timestep samplings: distributions of t (or σ) in training."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_TIMESTEPS = "ddpm_studio.engine.timesteps"
_LOG_NORMAL = "ddpm_studio.engine.sigma_sampling:LogNormalSigma"


@dataclass(frozen=True, eq=False)
class TimestepSamplingInfo(Entry):
    """Timestep sampling; its code is a class of (T, device).

    Its instances implement :class:`ddpm_studio.engine.timesteps.TimestepSampler`.

    Args:
        continuous: samples σ, also between the timesteps, for a network conditioned on any σ.
    """

    continuous: bool = field(default=False, kw_only=True)


TIMESTEP_SAMPLING = Table(
    "choice of t",
    TimestepSamplingInfo,
    (
        TimestepSamplingInfo(
            "uniform", "uniform", "every t alike", f"{_TIMESTEPS}:UniformTimesteps"
        ),
        TimestepSamplingInfo(
            "loss_second_moment",
            "loss second moment",
            "more often where the loss is large",
            f"{_TIMESTEPS}:LossSecondMoment",
        ),
        TimestepSamplingInfo(
            "log_normal",
            "log-normal σ",
            "EDM's: ln σ ~ N(−1.2, 1.2²)",
            _LOG_NORMAL,
            arguments={"mean": -1.2, "std": 1.2},
            continuous=True,
        ),
        TimestepSamplingInfo(
            "logit_normal",
            "logit-normal time",
            "of flow matching: logit u ~ N(0, 1)",
            _LOG_NORMAL,
            arguments={"mean": 0.0, "std": 1.0},
            continuous=True,
        ),
    ),
)
