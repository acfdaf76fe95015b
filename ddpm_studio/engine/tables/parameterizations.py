"""All parameterisations: what the network predicts."""

from __future__ import annotations

from dataclasses import dataclass, field

from ddpm_studio.engine.tables.entry import Entry, Table

_PROCESS = "ddpm_studio.engine.process"


@dataclass(frozen=True, eq=False)
class ParameterizationInfo(Entry):
    """What the network predicts.

    Args:
        from_noise_alone: x_0 follows from the prediction where ᾱ_T = 0 too, in a schedule of
            zero terminal SNR.
    """

    from_noise_alone: bool = field(default=False, kw_only=True)


PARAMETERIZATIONS = Table(
    "parameterization",
    ParameterizationInfo,
    (
        ParameterizationInfo(
            "eps", "ε", "the noise, as in the paper", f"{_PROCESS}:DiffusionProcess.target"
        ),
        ParameterizationInfo(
            "x0",
            "x₀",
            "the picture",
            f"{_PROCESS}:DiffusionProcess.target",
            from_noise_alone=True,
        ),
        ParameterizationInfo(
            "mu",
            "μ̃",
            "the mean of the step back",
            f"{_PROCESS}:DiffusionProcess.target",
            from_noise_alone=True,
        ),
        ParameterizationInfo(
            "v",
            "v",
            "√ᾱ ε − √(1−ᾱ) x_0",
            f"{_PROCESS}:DiffusionProcess.target",
            from_noise_alone=True,
        ),
    ),
)
