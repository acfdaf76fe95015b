"""DPM-Solver++: multistep exponential integrators in x̂_0 [Lu et al. 2022]."""

from __future__ import annotations

import math
from typing import Literal, get_args

from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start
from ddpm_studio.engine.samplers.phi import phi

Order = Literal[1, 2, 3]

# With fewer steps in all, the last but one step of 3M has order 2 [Lu et al. 2022, code].
_FEW_STEPS = 15


def dpm_solver(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    order: Order = 2,
    sde: bool = False,
) -> Frames:
    """DPM-Solver++ multistep sampler in λ = log(√ᾱ/√(1−ᾱ)), from the last timestep to x_0.

    Order 3 is the published one, which uses half of x̂_0's second derivative in λ: its error
    decreases at the rate of order 2, with a smaller constant.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture; used by the SDE variant only.
        order: 3 uses the two previous steps ("3M"), 2 the previous one ("2M", midpoint); 1 is DDIM.
        sde: the SDE variant, which adds noise in each step but the last.

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0. The last step returns x̂_0.

    Raises:
        ValueError: for another order.
    """
    if isinstance(order, bool) or order not in get_args(Order):
        raise ValueError(f"the order must be 1, 2 or 3, not {order!r}")
    check_start(x_t, noise)
    return _sample(process, model, x_t, noise, order, sde)


def _sample(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    order: Order,
    sde: bool,
) -> Frames:
    s = process.schedule
    alpha, sigma = s.sqrt_alphas_cumprod.tolist(), s.sqrt_one_minus_alphas_cumprod.tolist()
    lambdas = s.lambdas
    previous: list[Tensor] = []
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        eps = p.eps
        if index == 0:
            x_t = p.x0_hat
            break
        h = lambdas[index - 1] - lambdas[index]
        gaps = [lambdas[index + k] - lambdas[index + k + 1] for k in range(len(previous))]
        lower_order = order == 3 and not sde and index == 1 and s.T < _FEW_STEPS
        direction = p.x0_hat
        if order == 2 and previous:
            direction = direction + (p.x0_hat - previous[0]) / (2 * (gaps[0] / h))
        elif order == 3 and previous:
            ratios = [gap / h for gap in gaps]
            # The constant x̂_0 that gives the same result over the step.
            direction = _extrapolated_x0(
                p.x0_hat, previous, ratios, h * (2 if sde else 1), lower_order
            )
        previous = [p.x0_hat, *previous][: order - 1]
        shrink = sigma[index - 1] / sigma[index]
        if sde:
            x_t = (
                shrink * math.exp(-h) * x_t
                - alpha[index - 1] * math.expm1(-2 * h) * direction
                + sigma[index - 1] * math.sqrt(-math.expm1(-2 * h)) * noise.draw(x_t.shape[1:])
            )
        else:
            x_t = shrink * x_t - alpha[index - 1] * math.expm1(-h) * direction
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t


def _extrapolated_x0(
    x0_hat: Tensor, previous: list[Tensor], ratios: list[float], h: float, lower_order: bool
) -> Tensor:
    """Effective x̂_0 of a third-order step: its polynomial extrapolation weighted with e^{−h}.

    Args:
        x0_hat: x̂_0 of this step.
        previous: x̂_0 of the previous step, and of the one before it.
        ratios: lengths of these steps in λ, relative to this one.
        h: exponent of the step; twice its length in λ for the SDE.
        lower_order: leave out the second difference.
    """
    slope = (x0_hat - previous[0]) / ratios[0]
    linear, square = (phi(k, -h) / phi(1, -h) for k in (2, 3))
    if len(previous) == 1 or lower_order:
        return x0_hat + linear * slope
    curve = (slope - (previous[0] - previous[1]) / ratios[1]) / (ratios[0] + ratios[1])
    return x0_hat + linear * (slope + ratios[0] * curve) + square * curve
