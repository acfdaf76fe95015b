"""RePaint: inpainting with an unconditional model [Lugmayr et al. 2022]."""

from __future__ import annotations

import itertools
import math

import torch
from torch import Tensor

from ddpm_studio.engine.checks import check_integer, check_like
from ddpm_studio.engine.noise import PictureNoise
from ddpm_studio.engine.process import Denoiser, DiffusionProcess, std_of
from ddpm_studio.engine.samplers.frame import Frame, Frames, check_start


def inpaint(
    process: DiffusionProcess,
    model: Denoiser,
    x_t: Tensor,
    noise: PictureNoise,
    known: Tensor,
    mask: Tensor,
    jump: int = 10,
    resamplings: int = 10,
) -> Frames:
    """RePaint: ancestral sampling with the known pixels replaced by samples of q at each step.

    Every ``jump`` steps the trajectory goes that many steps up again, ``resamplings`` − 1 times, so
    that the generated part can harmonise with the known one.

    Args:
        process: the diffusion process; its schedule ends at the timestep of ``x_t``, and its
            variance is σ_t².
        model: the network.
        x_t: start of the trajectory, shape (N, C, H, W).
        noise: one stream per picture.
        known: pictures in [−1, 1], shape of x_t; ignored where masked out.
        mask: 1 where ``known`` is kept, 0 where it is to be filled in; broadcasts to x_t.
        jump: jump length, and steps between jumps, 1 or more.
        resamplings: passes over each section, 1 (no jumps) or more.

    Returns:
        x_0, whose known part equals ``known`` exactly; after yielding one Frame for each step down
        and one for x_0.

    Raises:
        ValueError: if the mask or the pictures don't match, or a number is below 1.
    """
    check_integer("jump", jump, 1)
    check_integer("resamplings", resamplings, 1)
    check_start(x_t, noise)
    check_like("the pictures", known, "x_t", x_t)
    keep = known_mask(mask, x_t, known)
    s = process.schedule
    beta, shape = s.betas.tolist(), x_t.shape[1:]
    path = jump_schedule(s.T, jump, resamplings)
    total, done = sum(b < a for a, b in itertools.pairwise(path)), 0
    for current, following in itertools.pairwise(path):
        if following > current:
            x_t = math.sqrt(1 - beta[current]) * x_t + math.sqrt(beta[current]) * noise.draw(shape)
            continue
        p = process.p_mean_variance(model, x_t, following)
        yield Frame(int(s.timesteps[following]) + 1, x_t, p.x0_hat, p.eps, done, total)
        x_t, eps, known_part, done = p.mean, p.eps, known, done + 1
        if following > 0:
            x_t = x_t + std_of(p.log_variance) * noise.draw(shape)
            known_part = process.q_sample(known, following - 1, noise.draw(shape))
        x_t = torch.where(keep, known_part.to(x_t), x_t)
    yield Frame(0, x_t, x_t, eps, total, total)
    return x_t


def known_mask(mask: Tensor, x_t: Tensor, known: Tensor) -> Tensor:
    """Convert a mask of 0 and 1 to bool, shape of x_t: True where known pixels are kept.

    Raises:
        ValueError: if it has other values, does not broadcast to x_t, or keeps pixels that are not
            finite.
    """
    if not bool(((mask == 0) | (mask == 1)).all()):
        raise ValueError("the mask must hold 0 and 1 alone")
    try:
        keep = mask.to(x_t.device).bool().expand_as(x_t)
    except RuntimeError as error:
        raise ValueError(f"the mask has shape {tuple(mask.shape)}, which does not fit") from error
    if bool((keep & ~known.to(keep.device).isfinite()).any()):
        raise ValueError("the pictures must be numbers where the mask keeps them")
    return keep


def jump_schedule(T: int, jump: int, resamplings: int) -> list[int]:
    """Return RePaint's sequence of timesteps, T … 0, in single steps up and down [RePaint, Fig. 9].

    Jumps go up from t = 1, 1 + jump, …: never from the finished x_0, which Algorithm 1 does not
    noise again ("if u < U and t > 1").
    """
    remaining = dict.fromkeys(range(1, T - jump + 1, jump), resamplings - 1)
    path, t = [T], T
    while t > 0:
        t -= 1
        path.append(t)
        if remaining.get(t, 0) > 0:
            remaining[t] -= 1
            path.extend(range(t + 1, t + jump + 1))
            t += jump
    return path
