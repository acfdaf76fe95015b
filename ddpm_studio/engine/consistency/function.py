"""The consistency function f(x_t, t): from anywhere on a path of the probability flow to its x_0.

[Song et al. 2023 §3; Geng et al. 2024 §3]. In x̃ = x_0 + σε, with the x̂_0 of the network,

    f(x̃, σ) = c_skip(σ) x̃ + (1 − c_skip(σ)) x̂_0(x̃, σ),    c_skip(σ) = σ_b²/(σ² + σ_b²),

where σ_b = 0, so that f is x̂_0 itself, if x̂_0 is x̃ at σ = 0 already: so it is wherever c_out
goes to 0 with σ (ε, v, EDM, flow). Where it is not (x_0), f(x, 0) = x needs a σ_b above 0. It is
far below what can be seen, so that f begins as the diffusion model that is tuned.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.levels import Coefficient, Level, Place, SigmaPlace
from ddpm_studio.engine.parameterizations.parameterization import Parameterization
from ddpm_studio.engine.process import Denoiser, DiffusionProcess

#: σ_b where it is needed: four levels of grey of 255.
SIGMA_BOUNDARY = 0.03
# So near to 0 a c_out that goes there is as small.
_NEAR_0 = 1e-6


def check_tunable(process: DiffusionProcess) -> None:
    """Refuse a process whose network can't become a consistency function.

    Raises:
        ValueError: with the reason.
    """
    if process.form.predicts_mean:
        raise ValueError(
            "a network that predicts the mean of the step from t to t − 1 tells too little of x_0: "
            "at T its error would count more than a thousandfold"
        )
    process.schedule.require_signal("consistency tuning")


def boundary(form: Parameterization) -> float:
    """Return σ_b of a parameterisation: 0 where its x̂_0 is x̃ at σ = 0 by itself.

    Raises:
        ValueError: for one that says nothing of x_0 between the timesteps.
    """
    one = torch.ones(1, 1, dtype=torch.float64)
    near = SigmaPlace.of(one[0] * _NEAR_0, one)
    return 0.0 if abs(float(form.c_out(near))) <= 10 * _NEAR_0 else SIGMA_BOUNDARY


def consistency(process: DiffusionProcess, model: Denoiser, x_t: Tensor, level: Level) -> Tensor:
    """f(x_t, t): one evaluation of the network.

    Args:
        process: over the whole schedule or a strided one.
        model: the network.
        x_t: √ᾱ x_0 + √(1−ᾱ) ε, shape (N, …).
        level: an index, an int or shape (N,), or σ, floating, shape (N,), where the
            parameterisation is continuous.

    Returns:
        Shape of x_t, not clipped.

    Raises:
        ValueError: if the level is of another shape, out of range, or none that the network
            can be told.
    """
    prediction, _ = process.split(process.predict(model, x_t, level), x_t)
    x0_hat = process.x0_from_prediction(x_t, level, prediction.to(x_t.dtype))
    sigma_b = boundary(process.form)
    if sigma_b == 0:
        return x0_hat
    where = process.place(level, x_t)
    skip = c_skip(where, sigma_b)
    return skip * where.recip_signal * x_t + (1 - skip) * x0_hat


def c_skip(place: Place, sigma_b: float) -> Coefficient:
    """σ_b²/(σ² + σ_b²)."""
    share: Coefficient = 1 / (1 + (place.sigma / sigma_b) ** 2)
    return share
