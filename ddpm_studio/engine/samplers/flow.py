"""The probability-flow ODE with steps as long as the accuracy allows [SDE §4.3]."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine.continuous import ContinuousDenoiser, log_sigma_grid
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames

Array = npt.NDArray[np.float64]


def probability_flow(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    frames: int = 50,
    tolerance: float = 1e-4,
) -> Frames:
    """Solve dx̃/d(log σ) = σ·ε̂ from the schedule's last timestep to its first, then take x̂_0.

    The steps suit the whole batch, so a picture depends on its company, by less than the
    tolerance.

    Args:
        process: its schedule's last timestep is that of ``x_t``.
        model: the network; how often it is evaluated follows from the tolerance.
        x_t: where to start, shape (N, C, H, W).
        noise: not drawn from.
        frames: moments to show, evenly spaced in log σ.
        tolerance: of each step, relative and absolute (Runge–Kutta 4(5)).

    Returns:
        x_0, after ``frames`` Frames and one for x_0.

    Raises:
        ValueError: if the solver fails.
    """
    denoiser = ContinuousDenoiser(process, model)
    frames = max(1, frames)
    grid = log_sigma_grid(process, max(1, frames - 1))[:frames]
    x = x_t * math.sqrt(1 + math.exp(2 * grid[0]))
    timesteps = process.schedule.timesteps
    for number, (log_sigma, state) in enumerate(_solve(denoiser, x, grid, tolerance)):
        x0_hat = denoiser.x0_hat(state, log_sigma)
        eps = (state - x0_hat) / math.exp(log_sigma)
        t = int(timesteps[round(denoiser.index(log_sigma))]) + 1
        yield Frame(t, denoiser.x_t(state, log_sigma), x0_hat, eps, number, frames)
    yield Frame(0, x0_hat, x0_hat, eps, frames, frames)
    return x0_hat


def _solve(
    denoiser: ContinuousDenoiser, x: Tensor, grid: list[float], tolerance: float
) -> Iterator[tuple[float, Tensor]]:
    """Yield the state at each log σ of a falling grid."""

    def slope(log_sigma: float, flat: Array) -> Array:
        state = _tensor(flat, x)
        return _flat(math.exp(log_sigma) * denoiser.eps(state, log_sigma))

    # Here, since it takes long to import and few sessions need it.
    from scipy.integrate import RK45

    yield grid[0], x
    if len(grid) == 1:
        return
    solver = RK45(slope, grid[0], _flat(x), grid[-1], rtol=tolerance, atol=tolerance)
    reached = 1
    while solver.status == "running":
        message = solver.step()
        if solver.status == "failed":
            raise ValueError(f"the flow could not be followed: {message}")
        dense = solver.dense_output()
        while reached < len(grid) and (grid[reached] >= solver.t or solver.status == "finished"):
            yield grid[reached], _tensor(dense(grid[reached]), x)
            reached += 1


def _flat(x: Tensor) -> Array:
    flat: Array = x.detach().double().cpu().numpy().ravel()
    return flat


def _tensor(flat: Array, like: Tensor) -> Tensor:
    return torch.from_numpy(flat).to(like).reshape(like.shape)
