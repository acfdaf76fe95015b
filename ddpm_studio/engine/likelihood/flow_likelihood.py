"""Exact log-likelihood by the probability-flow ODE [SDE §4.3, appendix D.2]."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.checks import (
    check_integer,
    check_like,
    check_pictures,
    check_positive,
    check_shape,
    check_values,
)
from ddpm_studio.engine.continuous import ContinuousDenoiser
from ddpm_studio.engine.likelihood.bound import LN2, reverse_bits
from ddpm_studio.engine.process import Denoiser, DiffusionProcess

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FlowStep:
    """Progress of the ODE solver: fraction of the log σ interval, and evaluations of the drift."""

    share: float
    evaluations: int


def flow_log_likelihood(
    process: DiffusionProcess,
    model: Denoiser,
    x: Tensor,
    probe: Tensor,
    tolerance: float = 1e-4,
) -> Generator[FlowStep, None, Tensor]:
    """Log-likelihood by integrating the probability-flow ODE and its divergence.

    x̃ = x_t/√ᾱ_t is integrated from the schedule's lowest σ to its highest, together with the
    divergence of the drift. The density is that of the flow's x̃ at the lowest σ, the closest to
    x_0 that a model with discrete timesteps gets. x̂_0 is not clipped, as the flow must be smooth.
    The step size is shared by the whole batch, so a picture's result depends on the other pictures,
    by less than the tolerance.

    Args:
        process: the diffusion process, over its whole schedule.
        model: the network, differentiable in x.
        x: continuous pictures in [−1, 1], shape (N, C, H, W).
        probe: v of Hutchinson's trace estimator with E[vvᵀ] = I, preferably ±1 (Rademacher), shape
            of x [FFJORD].
        tolerance: relative and absolute tolerance of each step (Runge–Kutta 5(4)).

    Yields:
        FlowStep after each step of the solver.

    Returns:
        log p(x) in nats, float64 on the CPU, shape (N,).

    Raises:
        ValueError: if a shape does not match, the tolerance is not above 0, or the solver fails.
    """
    check_pictures("x", x)
    check_like("the probe", probe, "x", x)
    check_positive("the tolerance", tolerance)
    denoiser = ContinuousDenoiser(replace(process, clip_x0=False), model)
    log_sigmas = process.schedule.log_sigmas
    low, high = float(log_sigmas[0]), float(log_sigmas[-1])
    count, size = len(x), x[0].numel()

    def slope(log_sigma: float, state: Array) -> Array:
        point = torch.from_numpy(state[: count * size]).to(x).reshape(x.shape)
        with torch.enable_grad():
            point.requires_grad_()
            drift = math.exp(log_sigma) * denoiser.eps(point, log_sigma)
            (product,) = torch.autograd.grad((drift * probe).sum(), point)
        divergence = (product * probe).flatten(1).sum(1)
        return np.concatenate([_flat(drift), _flat(divergence)])

    # Imported here, since scipy is slow to import and rarely needed.
    from scipy.integrate import RK45

    start = np.concatenate([_flat(x), np.zeros(count)])
    solver = RK45(slope, low, start, high, rtol=tolerance, atol=tolerance)
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            raise ValueError(f"the flow could not be followed: {message}")
        yield FlowStep((solver.t - low) / (high - low), solver.nfev)
    end = torch.from_numpy(solver.y)
    alpha_bar = float(process.schedule.alphas_cumprod[-1])
    square = alpha_bar * end[: count * size].reshape(count, size).square().sum(1)
    prior = -0.5 * (square + size * (math.log(2 * math.pi) - math.log(alpha_bar)))
    return prior + end[count * size :]


def dequantise(x0: Tensor, uniform: Tensor) -> Tensor:
    """Uniform dequantisation: spread each of the 256 levels over its bin, x_0 + (2u − 1)/255.

    Args:
        x0: pictures on the grid of 256 levels in [−1, 1].
        uniform: u ~ U(0, 1), shape of x0.

    Raises:
        ValueError: if the shapes differ, or a u is outside 0..1.
    """
    check_like("u", uniform, "x_0", x0)
    check_values("u", uniform, 0, 1)
    return x0 + (2 * uniform - 1) / 255


def density_bits(log_likelihood: Tensor, dimensions: int) -> Tensor:
    """Convert log-densities of dequantised pictures in [−1, 1] to bits/dim of 256 levels.

    With uniform dequantisation the mean is an upper bound on the bits/dim of the discrete levels
    [Theis 2016].

    Args:
        log_likelihood: log-density in nats, shape (N,).
        dimensions: number of values (pixels × channels) of a picture.

    Raises:
        ValueError: if ``dimensions`` is below 1, or the shape is not (N,).
    """
    check_integer("dimensions", dimensions, 1)
    check_shape("the log-likelihood", log_likelihood, ("N",))
    return math.log2(127.5) - log_likelihood / (dimensions * LN2)


def noise_dequantised_bits(
    process: DiffusionProcess, model: Denoiser, x0: Tensor, x_1: Tensor, log_likelihood: Tensor
) -> Tensor:
    """Bits/dim with Gaussian dequantisation by x_1 ~ q(x_1|x_0), float64, shape (N,).

    −log p(x_1) + log q(x_1|x_0) + L_0: the bound with the flow in place of all L_{t−1}, t > 1.
    The flow then sees the noise that the network was trained with.

    Args:
        process: the diffusion process, over its whole schedule.
        model: the network.
        x0: pictures on the grid of 256 levels, shape (N, C, H, W).
        x_1: sample of q(x_1|x_0), shape of x0.
        log_likelihood: log-density of x_1/√ᾱ_1 under the flow, in nats, shape (N,).

    Raises:
        ValueError: if the shapes do not match.
    """
    check_pictures("x_0", x0)
    check_like("x_1", x_1, "x_0", x0)
    check_shape("the log-likelihood", log_likelihood, (len(x0),))
    variance = float(process.schedule.sigmas[0]) ** 2
    alpha_bar, size = float(process.schedule.alphas_cumprod[0]), x0[0].numel()
    with torch.no_grad():
        decoder = reverse_bits(process, process.predict(model, x_1, 0), x0, x_1, 0)
    distance = (
        (x_1.cpu().double() / math.sqrt(alpha_bar) - x0.cpu().double()).square().flatten(1).sum(1)
    )
    log_q = -0.5 * (distance / variance + size * math.log(2 * math.pi * variance))
    return (log_q - log_likelihood) / (size * LN2) + decoder.cpu().double()


def _flat(x: Tensor) -> Array:
    flat: Array = x.detach().cpu().double().numpy().ravel()
    return flat
