"""The probability-flow ODE with steps as long as the accuracy allows [SDE §4.3]."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

from ddpm_studio.engine.checks import check_positive, check_whole
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
    moments: Iterable[int] | None = None,
    tolerance: float = 1e-4,
) -> Frames:
    """Solve dx̃/d(log σ) = σ·ε̂ from the schedule's last timestep to its first, then take x̂_0.

    Args:
        process: its schedule's last timestep is that of ``x_t``; all its noise levels are
            used, and those between.
        model: the network; how often it is evaluated follows from the tolerance.
        x_t: where to start, shape (N, C, H, W).
        noise: not drawn from.
        moments: indices to show, 0..T−1; all if None. They do not change x_0.
        tolerance: of each step, relative and absolute (Runge–Kutta 5(4)).

    Returns:
        x_0, after one Frame for each moment and one for x_0; the first moment is always the
        schedule's last timestep.

    Raises:
        ValueError: if a moment or the tolerance is out of range, or the solver fails.
    """
    check_start(x_t, noise)
    check_positive("the tolerance", tolerance)
    s = process.schedule
    denoiser = ContinuousDenoiser(process, model)
    log_sigmas = s.log_sigmas.tolist()

    def slope(log_sigma: Tensor, x: Tensor) -> Tensor:
        return x - denoiser.x0_hat(x, log_sigma)

    shown = set(range(s.T) if moments is None else moments) | {s.T - 1}
    for index in shown:
        check_whole("a moment's index", index, 0, s.T - 1)
    stops = sorted(shown | {0}, reverse=True)
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
        if index in shown:
            yield Frame(int(s.timesteps[index]) + 1, x_t, p.x0_hat, p.eps, done, len(shown))
            done += 1
    yield Frame(0, p.x0_hat, p.x0_hat, p.eps, done, done)
    return p.x0_hat
