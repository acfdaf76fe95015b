"""The 2-D playground: a network trained in seconds, and what it does with points."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ddpm_studio.engine import (
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    derive_seed,
    l_simple,
    toy,
)
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, Points, PointsLearned, Progress
from ddpm_studio.requests import PlayRequest, Sampler

_BATCH, _LEARNING_RATE = 512, 2e-3
_SHOWN, _LOOKS = 512, 20
# Of the variance 1 − ᾱ_t: small enough that the chain's own error is out of sight.
_LANGEVIN_SHARE = 0.02
_REPORT_EVERY = 25


@dataclass(frozen=True, eq=False)
class PointModel:
    """A trained :class:`toy.PointNet` with its process; its weights do not change any more."""

    network: toy.PointNet
    process: DiffusionProcess
    data: Points


def play(request: PlayRequest, drawing: Points | None = None) -> Generator[Event, None, PointModel]:
    """Train on points; yields Progress, and now and then PointsLearned.

    Args:
        request: which points, how long.
        drawing: points of one's own, float32 (M, 2), for the shape ``drawing``.

    Raises:
        StudioError: if nothing was drawn.
    """
    if request.shape == "drawing" and (drawing is None or len(drawing) == 0):
        raise StudioError("There is nothing to learn yet.", "Draw some points first.")
    process = DiffusionProcess(
        NoiseSchedule.named("linear_scaled", request.timesteps), clip_x0=False
    )
    generator = torch.Generator().manual_seed(request.seed)
    own = None if drawing is None else torch.from_numpy(drawing)

    def points(count: int) -> Tensor:
        if request.shape == "drawing" and own is not None:
            return toy.resample(own, count, generator)
        assert request.shape != "drawing"
        return toy.draw_points(request.shape, count, generator)

    with torch.random.fork_rng([]):
        torch.manual_seed(derive_seed(request.seed, 1))
        network = toy.PointNet(request.timesteps)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, request.steps)
    model = PointModel(network, process, points(_SHOWN).numpy())
    looks = set(np.linspace(0, request.steps, _LOOKS + 1).round().astype(int).tolist())
    for step in range(1, request.steps + 1):
        x_0 = points(_BATCH)[:, :, None, None]
        index = torch.randint(request.timesteps, (_BATCH,), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        loss = l_simple(process, network, x_0, index, noise).mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        cooling.step()
        if step % _REPORT_EVERY == 0 or step == request.steps:
            yield Progress(step, request.steps, "Learning")
        if step in looks:
            *_, last = walk_points(model, "ddim", 20, request.seed)
            yield PointsLearned(step, float(loss.detach()), model.data, last)
    return model


def walk_points(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, count: int = _SHOWN
) -> list[Points]:
    """Every moment of a reverse process from noise, each of shape (count, 2).

    Raises:
        StudioError: if the steps are more than T.
    """
    info, T = SAMPLERS[sampler], model.process.schedule.T
    if steps is not None and steps > T:
        raise StudioError(f"{steps} steps are more than T = {T}.", f"Choose 1 to {T}.")
    noise = PictureNoise(seed, [0], "cpu")
    x_t = noise.draw((2, count, 1))
    with torch.no_grad():
        frames = info.run(model.process, model.network, x_t, noise, steps)
        return [toy.as_points(frame.x_t).numpy().copy() for frame in frames]


def langevin(model: PointModel, t: int, steps: int, seed: int, count: int = _SHOWN) -> list[Points]:
    """A chain that forgets its start and ends in q(x_t), by the learned score alone.

    x ← x + δ/2 ∇ log q(x) + √δ z, with δ a share of the noise's variance 1 − ᾱ_t
    [Song & Ermon 2019, eq. 4].

    Returns:
        Where the points are before each step and after the last, each of shape (count, 2).

    Raises:
        StudioError: if t is not 1..T.
    """
    schedule = model.process.schedule
    generator = torch.Generator().manual_seed(derive_seed(seed, t))
    points = torch.randn(count, 2, generator=generator).numpy()
    delta = _LANGEVIN_SHARE * float(schedule.one_minus_alphas_cumprod[max(1, t) - 1])
    moments = [points]
    for _ in range(steps):
        z = torch.randn(count, 2, generator=generator).numpy()
        pull = score_field(model, points, t)
        points = points + np.float32(delta / 2) * pull + np.float32(delta**0.5) * z
        moments.append(points)
    return moments


def score_field(model: PointModel, places: Points, t: int) -> npt.NDArray[np.float32]:
    """The learned score ∇ log q(x_t) ≈ −ε̂/√(1−ᾱ_t) at places (G, 2), of the same shape.

    Raises:
        StudioError: if t is not 1..T.
    """
    schedule = model.process.schedule
    if not 1 <= t <= schedule.T:
        raise StudioError(f"t = {t} is out of range.", f"t goes from 1 to {schedule.T}.")
    with torch.no_grad():
        x = toy.as_picture(torch.from_numpy(places))
        eps = model.process.p_mean_variance(model.network, x, t - 1).eps
    scale = float(schedule.sqrt_one_minus_alphas_cumprod[t - 1])
    score: npt.NDArray[np.float32] = (toy.as_points(eps) / -scale).numpy().copy()
    return score


def diffused(model: PointModel, t: int, seed: int) -> Points:
    """The data's points at t of the forward process, shape (N, 2)."""
    x_0 = toy.as_picture(torch.from_numpy(model.data))
    noise = PictureNoise(seed, [0], "cpu").draw(x_0.shape[1:])
    x_t = x_0 if t == 0 else model.process.q_sample(x_0, t - 1, noise)
    points: Points = toy.as_points(x_t).numpy().copy()
    return points
