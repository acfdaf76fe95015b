"""Probability-flow ODE sampler with adaptive step size [SDE §4.3]."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_positive
from ddpm_studio.engine.continuous import ContinuousDenoiser
from ddpm_studio.engine.likelihood.runge_kutta import dormand_prince
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def probability_flow(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    frame_indices: Iterable[int] | None = None,
    tolerance: float = 1e-4,
) -> Frames:
    """Probability-flow ODE sampler: solve dx̃/d(log σ) = σ·ε̂ from the last timestep to the first.

    x_0 is x̂_0 predicted at the first timestep.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``. The solver
            uses any noise level in its range.
        model: the network; the number of evaluations depends on the tolerance.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: unused.
        frame_indices: indices at which to yield a Frame, 0..T−1; None: all. They do not change x_0.
        tolerance: relative and absolute tolerance of each step (Runge–Kutta 5(4)).

    Returns:
        x_0, after yielding one Frame for each index and one for x_0; the first index is always
        the schedule's last timestep.

    Raises:
        ValueError: if an index or the tolerance is out of range, or the solver fails.
    """
    check_start(x_t, noise)
    check_positive("the tolerance", tolerance)
    s = process.schedule
    denoiser = ContinuousDenoiser(process, model)
    log_sigmas = s.log_sigmas.tolist()

    def slope(log_sigma: Tensor, x: Tensor) -> Tensor:
        return x - denoiser.x0_hat(x, log_sigma)

    kept_indices = set(range(s.T) if frame_indices is None else frame_indices) | {s.T - 1}
    for index in kept_indices:
        check_integer("a moment's index", index, 0, s.T - 1)
    stops = sorted(kept_indices | {0}, reverse=True)
    states = dormand_prince(
        slope,
        float(s.sqrt_recip_alphas_cumprod[-1]) * x_t,
        [log_sigmas[index] for index in stops],
        tolerance,
    )
    done = 0
    for index, x in zip(stops, states, strict=True):
        x_t = float(s.sqrt_alphas_cumprod[index]) * x
        p = process.p_mean_variance(model, x_t, index)
        if index in kept_indices:
            yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, done, len(kept_indices))
            done += 1
    yield Frame(0, p.x0_hat, p.x0_hat, p.eps, done, done)
    return p.x0_hat
