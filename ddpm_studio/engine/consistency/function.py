"""The consistency function f(x_t, t): maps any point of a probability-flow trajectory to its x_0.

[Song et al. 2023 §3; Geng et al. 2024 §3]. In x̃ = x_0 + σε, with the network's x̂_0,

    f(x̃, σ) = c_skip(σ) x̃ + (1 − c_skip(σ)) x̂_0(x̃, σ),    c_skip(σ) = σ_b²/(σ² + σ_b²).

The boundary condition is f(x̃, 0) = x̃. Where c_out goes to 0 with σ (ε, v, EDM, flow), x̂_0 meets
it already: then σ_b = 0 and f is x̂_0 itself. Otherwise (x_0) it needs a σ_b above 0, chosen far
below visible noise, so that f starts out as the diffusion model that is tuned.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, Level, LevelCoefficients, SigmaCoefficients
from ddpm_studio.engine.parameterizations.parameterization import Parameterization
from ddpm_studio.engine.process import Denoiser, DiffusionProcess

#: σ_b where one is needed: about four grey levels of 255.
SIGMA_BOUNDARY = 0.03
# The σ at which c_out is tested: a c_out that vanishes with σ is of the same order there.
_NEAR_0 = 1e-6


def check_consistency_tunable(process: DiffusionProcess) -> None:
    """Check that the network of a process can be tuned into a consistency function.

    Raises:
        ValueError: if not; the message gives the reason.
    """
    if process.form.predicts_mean:
        raise ValueError(
            "a network that predicts the mean of the step from t to t − 1 tells too little of x_0: "
            "at T its error would count more than a thousandfold"
        )
    process.schedule.require_signal("consistency tuning")


def sigma_boundary(form: Parameterization) -> float:
    """Return σ_b of a parameterisation: 0 where its x̂_0 already equals x̃ at σ = 0.

    Raises:
        ValueError: for one that is defined at the timesteps of the schedule alone.
    """
    ones = torch.ones(1, 1, dtype=torch.float64)
    near_zero = SigmaCoefficients.of(ones[0] * _NEAR_0, ones)
    return 0.0 if abs(float(form.c_out(near_zero))) <= 10 * _NEAR_0 else SIGMA_BOUNDARY


def consistency(process: DiffusionProcess, model: Denoiser, x_t: Tensor, level: Level) -> Tensor:
    """Evaluate the consistency function f(x_t, t): one evaluation of the network.

    Args:
        process: the diffusion process, over the whole schedule or a strided one.
        model: the network.
        x_t: √ᾱ x_0 + √(1−ᾱ) ε, shape (N, …).
        level: an index, an int or shape (N,), or σ, floating, shape (N,), where the
            parameterisation is continuous.

    Returns:
        Shape of x_t, not clipped.

    Raises:
        ValueError: if the level has another shape, is out of range, or is one that the network
            can't be conditioned on.
    """
    prediction, _ = process.split(process.predict(model, x_t, level), x_t)
    x0_hat = process.x0_from_prediction(x_t, level, prediction.to(x_t.dtype))
    sigma_b = sigma_boundary(process.form)
    if sigma_b == 0:
        return x0_hat
    coefficients = process.coefficients(level, x_t)
    skip = c_skip(coefficients, sigma_b)
    return skip * coefficients.recip_signal * x_t + (1 - skip) * x0_hat


def c_skip(coefficients: LevelCoefficients, sigma_b: float) -> Coefficient:
    """Skip coefficient c_skip(σ) = σ_b²/(σ² + σ_b²)."""
    skip: Coefficient = 1 / (1 + (coefficients.sigma / sigma_b) ** 2)
    return skip
