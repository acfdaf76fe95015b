"""Multistep consistency sampling: one-step x̂_0, alternating with re-noising [Song et al. 2023]."""

from __future__ import annotations

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_like
from ddpm_studio.engine.consistency.function import check_consistency_tunable, consistency
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start
from ddpm_studio.engine.samplers.inpaint import known_mask


def multistep_consistency(
    process: DiffusionProcess, model: Denoiser, x_t: Tensor, noise: PictureNoise
) -> Frames:
    """Multistep consistency sampler: x̂_0 = f(x_t, t), re-noised to the next timestep by q.

    [Song et al. 2023, Algorithm 1]

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``, the others
            being τ_n … τ_1.
        model: the network of a few-step student.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture; unused for a single timestep.

    Returns:
        x_0, after yielding one Frame for each timestep and one for x_0.

    Raises:
        ValueError: for a network that can't be a consistency function.
    """
    check_start(x_t, noise)
    check_consistency_tunable(process)
    s = process.schedule
    for index in reversed(range(s.T)):
        x0, eps = predict_x0_eps(process, model, x_t, index)
        yield Frame(int(s.timesteps[index]) + 1, x_t, x0, eps, s.T - 1 - index, s.T)
        if index > 0:
            x_t = process.q_sample(x0, index - 1, noise.draw(x_t.shape[1:]))
    yield Frame(0, x0, x0, eps, s.T, s.T)
    return x0


def consistency_inpaint(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    known: Tensor,
    mask: Tensor,
    resamplings: int = 1,
) -> Frames:
    """Inpainting with a consistency model: known pixels replace those of each x̂_0.

    [Song et al. 2023, Algorithm 4]. Each timestep is visited ``resamplings`` times with new noise,
    so that the generated part can harmonise with the known one.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``.
        model: the network of a few-step student.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.
        known: pictures in [−1, 1], shape of x_t; ignored where masked out.
        mask: 1 where ``known`` is kept, 0 where it is to be filled in; broadcasts to x_t.
        resamplings: visits of each timestep, 1 or more.

    Returns:
        x_0, whose known part equals ``known`` exactly; after yielding one Frame for each evaluation
        and one for x_0.

    Raises:
        ValueError: if the mask or the pictures don't match, ``resamplings`` is below 1, or for a
            network that can't be a consistency function.
    """
    check_integer("resamplings", resamplings, 1)
    check_start(x_t, noise)
    check_like("the pictures", known, "x_t", x_t)
    check_consistency_tunable(process)
    keep = known_mask(mask, x_t, known)
    s, known = process.schedule, known.to(x_t)
    path = [index for index in reversed(range(s.T)) for _ in range(resamplings)]
    for done, (index, following) in enumerate(zip(path, [*path[1:], None], strict=True)):
        x0, eps = predict_x0_eps(process, model, x_t, index)
        x0 = torch.where(keep, known, x0)
        yield Frame(int(s.timesteps[index]) + 1, x_t, x0, eps, done, len(path))
        if following is not None:
            x_t = process.q_sample(x0, following, noise.draw(x_t.shape[1:]))
    yield Frame(0, x0, x0, eps, len(path), len(path))
    return x0


def predict_x0_eps(
    process: DiffusionProcess, model: Denoiser, x_t: Tensor, index: int
) -> tuple[Tensor, Tensor]:
    """x̂_0 = f(x_t, t), clipped if the process clips, and the ε̂ consistent with it and x_t."""
    x0 = consistency(process, model, x_t, index)
    x0 = x0.clamp(-1, 1) if process.clip_x0 else x0
    return x0, process.eps_from_x0(x_t, index, x0)
