"""All choices of t: which timesteps a training step sees."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Table

_TIMESTEPS = "ddpm_studio.engine.timesteps"


class TimestepSamplingInfo(Entry):
    """A choice of t; its code is a class of (T, device).

    Its objects are :class:`ddpm_studio.engine.timesteps.TimestepSampler`.
    """


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
    ),
)
