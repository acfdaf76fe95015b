"""Table of parameterisations: prediction targets of the network (ε, x_0, μ, v, EDM, flow)."""

from __future__ import annotations

from ddpm_studio.engine.tables.entry import Entry, Table

_PACKAGE = "ddpm_studio.engine.parameterizations"


class ParameterizationInfo(Entry):
    """Parameterisation: prediction target and preconditioning of the network.

    Its code is a subclass of
    :class:`ddpm_studio.engine.parameterizations.parameterization.Parameterization`, which is called
    without arguments other than those of the entry.
    """


PARAMETERIZATIONS = Table(
    "parameterization",
    ParameterizationInfo,
    (
        ParameterizationInfo("eps", "ε", "the noise, as in the paper", f"{_PACKAGE}.eps:Eps"),
        ParameterizationInfo("x0", "x₀", "the picture", f"{_PACKAGE}.x0:X0"),
        ParameterizationInfo(
            "mu",
            "μ̃",
            "the mean of the step back; with few steps it draws noisier than ε",
            f"{_PACKAGE}.mu:Mu",
        ),
        ParameterizationInfo("v", "v", "√ᾱ ε − √(1−ᾱ) x₀", f"{_PACKAGE}.v:V"),
        ParameterizationInfo(
            "edm",
            "EDM",
            "preconditioned to unit variance at every σ; the network is told ¼ ln σ",
            f"{_PACKAGE}.edm:EDM",
        ),
        ParameterizationInfo(
            "flow",
            "flow matching",
            "ε − x₀, the velocity of the line from the picture to noise",
            f"{_PACKAGE}.flow:Flow",
        ),
    ),
)
