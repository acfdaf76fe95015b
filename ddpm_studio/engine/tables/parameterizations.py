"""All parameterisations: what the network predicts."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Table

_PROCESS = "ddpm_studio.engine.process"


class ParameterizationInfo(Entry):
    """What the network predicts."""


PARAMETERIZATIONS = Table(
    "parameterization",
    ParameterizationInfo,
    (
        ParameterizationInfo(
            "eps", "ε", "the noise, as in the paper", f"{_PROCESS}:DiffusionProcess.target"
        ),
        ParameterizationInfo("x0", "x₀", "the picture", f"{_PROCESS}:DiffusionProcess.target"),
        ParameterizationInfo(
            "mu", "μ̃", "the mean of the step back", f"{_PROCESS}:DiffusionProcess.target"
        ),
        ParameterizationInfo("v", "v", "√ᾱ ε − √(1−ᾱ) x_0", f"{_PROCESS}:DiffusionProcess.target"),
    ),
)
