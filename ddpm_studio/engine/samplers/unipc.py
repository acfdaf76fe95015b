"""UniPC: predictor–corrector of any order in x̂_0, with no extra evaluation [Zhao et al. 2023]."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start
from ddpm_studio.engine.samplers.phi import phi

Order = Literal[1, 2, 3]
Variant = Literal["bh1", "bh2"]


@dataclass(frozen=True)
class _Evaluation:
    """x̂_0 at an evaluated timestep, and its half log-SNR λ."""

    x0_hat: Tensor
    log_snr: float


def unipc(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    order: Order = 3,
    variant: Variant = "bh2",
    corrector: bool = True,
) -> Frames:
    """UniPC sampler in λ = log(√ᾱ/√(1−ᾱ)), from the schedule's last timestep to x_0.

    Each evaluation corrects the step that led to it before it predicts the next one. The order is
    limited by the number of previous steps at the start, and of remaining steps at the end. A step
    from pure noise (ᾱ_T = 0) is DDIM's.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``.
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: unused.
        order: p of UniPC-p, the predictor's order; 1 is DDIM with a corrector.
        variant: B(h) = h ("bh1", for few steps without guidance) or e^h − 1 ("bh2").
        corrector: False: the predictor only, UniP-p.

    Returns:
        x_0, after yielding one Frame for each timestep, with x_t as predicted, and one for x_0. The
        last step returns x̂_0.

    Raises:
        ValueError: for another order or variant.
    """
    if order not in get_args(Order):
        raise ValueError(f"the order must be 1, 2 or 3, not {order!r}")
    if variant not in get_args(Variant):
        raise ValueError(f"the variant must be 'bh1' or 'bh2', not {variant!r}")
    check_start(x_t, noise)
    return _sample(process, model, x_t, order, variant, corrector)


def _sample(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    order: Order,
    variant: Variant,
    corrector: bool,
) -> Frames:
    s = process.schedule
    alpha, sigma = s.sqrt_alphas_cumprod.tolist(), s.sqrt_one_minus_alphas_cumprod.tolist()
    lambdas = s.lambdas
    known: list[_Evaluation] = []
    start, p_order = x_t, 0
    for index in reversed(range(s.T)):
        p = process.p_mean_variance(model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, s.T - 1 - index, s.T)
        eps = p.eps
        if index == 0:
            x_t = p.x0_hat
            break
        current = _Evaluation(p.x0_hat, lambdas[index])
        if known and corrector and math.isfinite(known[0].log_snr):
            shrink = sigma[index] / sigma[index + 1]
            slope = _slope(known[:p_order], lambdas[index], variant, current)
            x_t = _step(start, known[0], shrink, alpha[index], lambdas[index], slope)
        # λ is −∞ at pure noise: that x̂_0 gives no finite difference.
        known = [
            current,
            *(evaluation for evaluation in known if math.isfinite(evaluation.log_snr)),
        ][:order]
        p_order = min(len(known), index + 1)
        start, shrink = x_t, sigma[index - 1] / sigma[index]
        slope = _slope(known[:p_order], lambdas[index - 1], variant)
        x_t = _step(start, current, shrink, alpha[index - 1], lambdas[index - 1], slope)
    yield Frame(0, x_t, x_t, eps, s.T, s.T)
    return x_t


def _step(
    x: Tensor,
    start: _Evaluation,
    shrink: float,
    alpha: float,
    log_snr: float,
    slope: Tensor | float,
) -> Tensor:
    """Exponential-integrator step from x to λ = ``log_snr``: constant x̂_0 plus the slope term."""
    return shrink * x - alpha * (math.expm1(start.log_snr - log_snr) * start.x0_hat + slope)


def _slope(
    known: Sequence[_Evaluation], log_snr: float, variant: Variant, end: _Evaluation | None = None
) -> Tensor | float:
    """Slope term B(h)·Σ ρ_k D_k/r_k of a step to λ = ``log_snr`` [Zhao et al. 2023, eq. 3, 6].

    Args:
        known: x̂_0 at the start of the step, then at previous steps, as many as the order needs.
        log_snr: λ at the end of the step.
        variant: choice of B(h).
        end: x̂_0 at the end of the step, for the corrector only.
    """
    first, z = known[0], known[0].log_snr - log_snr
    evaluations = [*known[1:], end] if end else list(known[1:])
    if not evaluations:
        return 0.0
    scale = z if variant == "bh1" else math.expm1(z)
    ratios = [(evaluation.log_snr - first.log_snr) / -z for evaluation in evaluations]
    if len(evaluations) == 1:
        # For any B(h) this is accurate enough for the order, and it is the published value.
        weights = [0.5]
    else:
        powers = torch.tensor(ratios, dtype=torch.float64) ** torch.arange(len(ratios))[:, None]
        moments = [math.factorial(i) * z * phi(i + 1, z) / scale for i in range(1, len(ratios) + 1)]
        weights = torch.linalg.solve(powers, torch.tensor(moments, dtype=torch.float64)).tolist()
    total: Tensor | float = 0.0
    for evaluation, ratio, weight in zip(evaluations, ratios, weights, strict=True):
        total = total + scale * weight / ratio * (evaluation.x0_hat - first.x0_hat)
    return total
