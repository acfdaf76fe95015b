"""The 2-D playground: a network trained in seconds, and what it does with points."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ddpm_studio.engine import (
    EMA,
    DiffusionProcess,
    NoiseSchedule,
    PictureNoise,
    derive_seed,
    toy,
)
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.running import run_sampler
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import Event, PointLook, Points, PointsLearned, PointWalk, Progress
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.requests import PlayRequest, Sampler

_BATCH, _OTHERS, _LEARNING_RATE, _EMA = 512, 512, 1.5e-2, 0.998
_SHOWN, _LOOKS = 512, 20
# Of the variance 1 − ᾱ_t: small enough that the chain's own error is out of sight.
_LANGEVIN_SHARE = 0.02
_REPORT_EVERY, _WALK_REPORT_EVERY = 25, 10


@dataclass(frozen=True, eq=False)
class PointModel:
    """A trained :class:`toy.PointNet` with its process; its weights do not change any more."""

    network: nn.Module
    process: DiffusionProcess
    data: Points
    shape: str = "drawing"


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
        network = toy.PointNet(process.schedule)
    average = EMA(network, _EMA)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, request.steps)
    model = PointModel(average.model, process, points(_SHOWN).numpy(), request.shape)
    looks = set(np.linspace(0, request.steps, _LOOKS + 1).round().astype(int).tolist())

    def learn() -> Tensor:
        x_0 = points(_BATCH)
        index = torch.randint(request.timesteps, (_BATCH,), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = process.q_sample(x_0, index, noise)
        # L_simple, less the noise of its target: between modes the score is small, and would
        # drown in it.
        target = toy.expected_noise(x_0, x_t, points(_OTHERS), process.schedule, index)
        answer = process.predict(network, x_t[:, :, None, None], index)[:, :, 0, 0]
        loss: Tensor = (answer - target).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        cooling.step()
        return loss.detach()

    for step in range(1, request.steps + 1):
        # So little work is done no sooner by two, and far later where others want the cores too.
        with threads(1):
            loss = learn()
            average.update(step)
        if step % _REPORT_EVERY == 0 or step == request.steps:
            yield Progress(step, request.steps, "Learning")
        if step in looks:
            *_, (_, samples) = _moments(model, "ddim", 20, request.seed, _SHOWN)
            yield PointsLearned(step, float(loss), model.data, samples)
    return model


def shape_points(shape: toy.Shape, seed: int = 0) -> Points:
    """Some points of a shape, (N, 2): what there is to learn."""
    points: Points = toy.draw_points(shape, _SHOWN, torch.Generator().manual_seed(seed)).numpy()
    return points


def start_noise(seed: int, count: int = _SHOWN) -> Points:
    """Draw x_T, from which :func:`walk_points` starts with that seed, shape (count, 2)."""
    x_t = PictureNoise(seed, [0], "cpu").draw((2, count, 1))
    noise: Points = toy.as_points(x_t).numpy().copy()
    return noise


def walk_points(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, count: int = _SHOWN
) -> Generator[Event, None, PointWalk]:
    """Walk a reverse process from noise; yields Progress.

    Raises:
        StudioError: if the steps are more than T.
    """
    T = model.process.schedule.T
    shares, moments = [], []
    for number, (t, points) in enumerate(_moments(model, sampler, steps, seed, count), 1):
        shares.append(1 - t / T)
        moments.append(points)
        if number % _WALK_REPORT_EVERY == 0:
            yield Progress(T - t, T, "Walking", "")
    return PointWalk(tuple(shares), tuple(moments))


def _moments(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, count: int
) -> Iterator[tuple[int, Points]]:
    """Yield each t of a reverse process, from T on, with the points there."""
    info, T = SAMPLERS[sampler], model.process.schedule.T
    if steps is not None and steps > T:
        raise StudioError(f"{steps} steps are more than T = {T}.", f"Choose 1 to {T}.")

    def network(x: Tensor, labels: Tensor, /) -> Tensor:
        # Not around the walk: whoever takes its steps may train in between.
        with torch.no_grad():
            answer: Tensor = model.network(x, labels)
        return answer

    noise = PictureNoise(seed, [0], "cpu")
    x_t = noise.draw((2, count, 1))
    for frame in run_sampler(info, model.process, network, x_t, noise, steps):
        yield frame.t, toy.as_points(frame.x_t).numpy().copy()


def langevin(
    model: PointModel, t: int, steps: int, seed: int, count: int = _SHOWN
) -> Generator[Event, None, PointWalk]:
    """A chain that forgets its start and ends in q(x_t), by the learned score alone.

    x ← x + δ/2 ∇ log q(x) + √δ z, with δ a share of the noise's variance 1 − ᾱ_t
    [Song & Ermon 2019, eq. 4]. Yields Progress.

    Returns:
        Where the points are before each step and after the last.

    Raises:
        StudioError: if t is not 1..T.
    """
    schedule = model.process.schedule
    generator = torch.Generator().manual_seed(derive_seed(seed, t))
    points = torch.randn(count, 2, generator=generator).numpy()
    delta = _LANGEVIN_SHARE * float(schedule.one_minus_alphas_cumprod[max(1, t) - 1])
    moments = [points]
    for step in range(1, steps + 1):
        z = torch.randn(count, 2, generator=generator).numpy()
        pull = score_field(model, points, t)
        points = points + np.float32(delta / 2) * pull + np.float32(delta**0.5) * z
        moments.append(points)
        if step % _WALK_REPORT_EVERY == 0:
            yield Progress(step, steps, "Walking")
    return PointWalk(tuple(k / steps for k in range(steps + 1)), tuple(moments))


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


def true_score(model: PointModel, places: Points, t: int) -> Points | None:
    """The exact ∇ log q(x_t) at places (G, 2), where it is known: for the eight Gaussians."""
    if model.shape != "eight_gaussians":
        return None
    x = torch.from_numpy(places)
    score: Points = toy.mixture_score(x, model.process.schedule, t - 1).float().numpy()
    return score


def look_at_points(model: PointModel, places: Points, t: int, seed: int) -> PointLook:
    """Look at t: points of q(x_t), and the score at places (G, 2); at t = 0 that of t = 1.

    Raises:
        StudioError: if t is not 0..T.
    """
    at, points = max(1, t), diffused(model, t, seed)
    learned, true = score_field(model, places, at), true_score(model, places, at)
    exact = true_score(model, points, at)
    cosine = None if exact is None else float(cosines(score_field(model, points, at), exact).mean())
    return PointLook(points, learned, true, cosine)


def cosines(first: Points, second: Points) -> npt.NDArray[np.float32]:
    """Cosine similarity of vectors (G, 2) with others, shape (G,); 0 where one is 0."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    found: npt.NDArray[np.float32] = (first * second).sum(1) / np.maximum(lengths, 1e-12)
    return found
