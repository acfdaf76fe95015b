"""2-D playground: a small network trained in seconds on points, its samples and its score."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ddpm_studio.engine import EMA, DiffusionProcess, NoiseSchedule, PictureNoise, derive_seed, toy
from ddpm_studio.engine.samplers import SAMPLERS
from ddpm_studio.engine.samplers.run_sampler import run_sampler
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs.events import (
    Event,
    Points,
    PointScores,
    PointTrainingState,
    PointTrajectory,
    Progress,
)
from ddpm_studio.jobs.machine.threads import threads
from ddpm_studio.requests import PlaygroundRequest, Sampler

_BATCH, _TARGET_POINTS, _LEARNING_RATE, _EMA = 512, 512, 1.5e-2, 0.998
_POINTS, _REPORT_COUNT = 512, 20
# Share of the variance 1 − ᾱ_t as step size δ: so small that the discretisation can't be seen.
_LANGEVIN_SHARE = 0.02
_REPORT_EVERY, _TRAJECTORY_REPORT_EVERY = 25, 10


@dataclass(frozen=True, eq=False)
class PointModel:
    """A trained :class:`toy.PointNet` with its process, data points and the name of their shape."""

    network: nn.Module
    process: DiffusionProcess
    data: Points
    shape: str = "drawing"


def play(
    request: PlaygroundRequest, drawing: Points | None = None
) -> Generator[Event, None, PointModel]:
    """Train a network on points; yields Progress, and from time to time PointTrainingState.

    Args:
        request: shape of the points, and length of the training.
        drawing: the person's own points, float32 (M, 2), for the shape ``drawing``.

    Raises:
        StudioError: if there are no points of one's own for that shape.
    """
    if request.shape == "drawing" and (drawing is None or len(drawing) == 0):
        raise StudioError("There is nothing to learn yet.", "Draw some points first.")
    process = DiffusionProcess(
        NoiseSchedule.named("linear_scaled", request.timesteps), clip_x0=False
    )
    generator = torch.Generator().manual_seed(request.seed)
    drawn_points = None if drawing is None else torch.from_numpy(drawing)

    def points(count: int) -> Tensor:
        if request.shape == "drawing" and drawn_points is not None:
            return toy.resample(drawn_points, count, generator)
        assert request.shape != "drawing"
        return toy.draw_points(request.shape, count, generator)

    with torch.random.fork_rng([]):
        torch.manual_seed(derive_seed(request.seed, 1))
        network = toy.PointNet(process.schedule)
    average = EMA(network, _EMA)
    optimizer = torch.optim.Adam(network.parameters(), lr=_LEARNING_RATE)
    cooling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, request.steps)
    model = PointModel(average.model, process, points(_POINTS).numpy(), request.shape)
    report_steps = set(
        np.linspace(0, request.steps, _REPORT_COUNT + 1).round().astype(int).tolist()
    )

    def train_step() -> Tensor:
        x_0 = points(_BATCH)
        index = torch.randint(request.timesteps, (_BATCH,), generator=generator)
        noise = torch.randn(x_0.shape, generator=generator)
        x_t = process.q_sample(x_0, index, noise)
        # L_simple with the expected noise as target, which lacks the variance of a sampled one:
        # between modes the score is small, and would be lost in it.
        target = toy.expected_noise(x_0, x_t, points(_TARGET_POINTS), process.schedule, index)
        prediction = process.predict(network, x_t[:, :, None, None], index)[:, :, 0, 0]
        loss: Tensor = (prediction - target).square().mean()
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        cooling.step()
        return loss.detach()

    for step in range(1, request.steps + 1):
        # Two threads are no faster at so little work, and far slower on busy cores.
        with threads(1):
            loss = train_step()
            average.update(step)
        if step % _REPORT_EVERY == 0 or step == request.steps:
            yield Progress(step, request.steps, "Learning")
        if step in report_steps:
            *_, (_, samples) = _trajectory_states(model, "ddim", 20, request.seed, _POINTS)
            yield PointTrainingState(step, float(loss), model.data, samples)
    return model


def shape_points(shape: toy.Shape, seed: int = 0) -> Points:
    """Return data points of a shape, float32 (N, 2)."""
    points: Points = toy.draw_points(shape, _POINTS, torch.Generator().manual_seed(seed)).numpy()
    return points


def start_noise(seed: int, count: int = _POINTS) -> Points:
    """Return the noise x_T from which :func:`sample_trajectory` starts, (count, 2)."""
    x_t = PictureNoise(seed, [0], "cpu").draw((2, count, 1))
    noise: Points = toy.as_points(x_t).numpy().copy()
    return noise


def sample_trajectory(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, count: int = _POINTS
) -> Generator[Event, None, PointTrajectory]:
    """Run a reverse process from noise; yields Progress, and returns the trajectory.

    Raises:
        StudioError: if there are more steps than T.
    """
    T = model.process.schedule.T
    shares, states = [], []
    for number, (t, points) in enumerate(_trajectory_states(model, sampler, steps, seed, count), 1):
        shares.append(1 - t / T)
        states.append(points)
        if number % _TRAJECTORY_REPORT_EVERY == 0:
            yield Progress(T - t, T, "Walking", "")
    return PointTrajectory(tuple(shares), tuple(states))


def _trajectory_states(
    model: PointModel, sampler: Sampler, steps: int | None, seed: int, count: int
) -> Iterator[tuple[int, Points]]:
    """Yield the t of each state of a reverse process, from T on, with its points (count, 2)."""
    info, T = SAMPLERS[sampler], model.process.schedule.T
    if steps is not None and steps > T:
        raise StudioError(f"{steps} steps are more than T = {T}.", f"Choose 1 to {T}.")

    def network(x: Tensor, labels: Tensor, /) -> Tensor:
        # Not around the whole generator: its consumer may train between two steps.
        with torch.no_grad():
            prediction: Tensor = model.network(x, labels)
        return prediction

    noise = PictureNoise(seed, [0], "cpu")
    x_t = noise.draw((2, count, 1))
    for frame in run_sampler(info, model.process, network, x_t, noise, steps):
        yield frame.t, toy.as_points(frame.x_t).numpy().copy()


def langevin(
    model: PointModel, t: int, steps: int, seed: int, count: int = _POINTS
) -> Generator[Event, None, PointTrajectory]:
    """Run a Langevin chain to samples of q(x_t), by the learned score alone.

    x ← x + δ/2 ∇ log q(x) + √δ z, with δ a share of the noise's variance 1 − ᾱ_t
    [Song & Ermon 2019, eq. 4]. The chain forgets its start. Yields Progress.

    Returns:
        The points before each step and after the last.

    Raises:
        StudioError: if t is not 1..T.
    """
    schedule = model.process.schedule
    generator = torch.Generator().manual_seed(derive_seed(seed, t))
    points = torch.randn(count, 2, generator=generator).numpy()
    delta = _LANGEVIN_SHARE * float(schedule.one_minus_alphas_cumprod[max(1, t) - 1])
    states = [points]
    for step in range(1, steps + 1):
        z = torch.randn(count, 2, generator=generator).numpy()
        drift = score_field(model, points, t)
        points = points + np.float32(delta / 2) * drift + np.float32(delta**0.5) * z
        states.append(points)
        if step % _TRAJECTORY_REPORT_EVERY == 0:
            yield Progress(step, steps, "Walking")
    return PointTrajectory(tuple(k / steps for k in range(steps + 1)), tuple(states))


def score_field(model: PointModel, positions: Points, t: int) -> npt.NDArray[np.float32]:
    """Return the learned score ∇ log q(x_t) ≈ −ε̂/√(1−ᾱ_t) at positions, of their shape (G, 2).

    Raises:
        StudioError: if t is not 1..T.
    """
    schedule = model.process.schedule
    if not 1 <= t <= schedule.T:
        raise StudioError(f"t = {t} is out of range.", f"t goes from 1 to {schedule.T}.")
    with torch.no_grad():
        x = toy.as_picture(torch.from_numpy(positions))
        eps = model.process.p_mean_variance(model.network, x, t - 1).eps
    scale = float(schedule.sqrt_one_minus_alphas_cumprod[t - 1])
    score: npt.NDArray[np.float32] = (toy.as_points(eps) / -scale).numpy().copy()
    return score


def diffuse_points(model: PointModel, t: int, seed: int) -> Points:
    """Return the data points at t of the forward process, shape (N, 2)."""
    x_0 = toy.as_picture(torch.from_numpy(model.data))
    noise = PictureNoise(seed, [0], "cpu").draw(x_0.shape[1:])
    x_t = x_0 if t == 0 else model.process.q_sample(x_0, t - 1, noise)
    points: Points = toy.as_points(x_t).numpy().copy()
    return points


def true_score(model: PointModel, positions: Points, t: int) -> Points | None:
    """Return the exact ∇ log q(x_t) at positions (G, 2), or None except for the eight Gaussians."""
    if model.shape != "eight_gaussians":
        return None
    x = torch.from_numpy(positions)
    score: Points = toy.mixture_score(x, model.process.schedule, t - 1).float().numpy()
    return score


def evaluate_scores(model: PointModel, positions: Points, t: int, seed: int) -> PointScores:
    """Return points of q(x_t), and the score at positions (G, 2); at t = 0 the score of t = 1.

    Raises:
        StudioError: if t is not 0..T.
    """
    score_t, points = max(1, t), diffuse_points(model, t, seed)
    learned, true = score_field(model, positions, score_t), true_score(model, positions, score_t)
    exact = true_score(model, points, score_t)
    cosine = (
        None if exact is None else float(cosines(score_field(model, points, score_t), exact).mean())
    )
    return PointScores(points, learned, true, cosine)


def cosines(first: Points, second: Points) -> npt.NDArray[np.float32]:
    """Return the cosine similarity of vectors (G, 2), shape (G,); 0 for a zero vector."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    similarity: npt.NDArray[np.float32] = (first * second).sum(1) / np.maximum(lengths, 1e-12)
    return similarity
