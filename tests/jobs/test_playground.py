"""Playground in 2D: learned scores and samples against the exact values of its distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, toy
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import (
    PointModel,
    diffuse_points,
    evaluate_scores,
    langevin,
    play,
    sample_trajectory,
    score_field,
)
from ddpm_studio.jobs.events import PointTrainingState
from ddpm_studio.requests import PlaygroundRequest
from tests.jobs.conftest import finish


@pytest.fixture(scope="module")
def gaussians() -> PointModel:
    model: PointModel = finish(play(PlaygroundRequest(shape="eight_gaussians")))[1]
    return model


@pytest.mark.parametrize("shape", ["eight_gaussians", "moons", "spiral"])
def test_the_points_are_centred_and_of_unit_size(shape: toy.Shape) -> None:
    points = toy.draw_points(shape, 40_000, torch.Generator().manual_seed(0))
    assert points.shape == (40_000, 2)
    assert points.mean(0).abs().max() < 0.02
    assert (points.std(0) - 1).abs().max() < 0.1


def test_the_exact_score_is_the_gradient_of_the_log_density() -> None:
    schedule, index = NoiseSchedule.named("linear_scaled", 100), 30
    bar = float(schedule.alphas_cumprod[index])
    variance = bar * toy.GAUSSIAN_STD**2 + 1 - bar
    x = torch.randn(50, 2, generator=torch.Generator().manual_seed(1)).requires_grad_()
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(8)),
        torch.distributions.Independent(
            torch.distributions.Normal(bar**0.5 * toy.gaussian_centres(), variance**0.5), 1
        ),
    )
    (gradient,) = torch.autograd.grad(mixture.log_prob(x).sum(), x)
    torch.testing.assert_close(toy.mixture_score(x.detach(), schedule, index), gradient)


def not_negligible(schedule: NoiseSchedule, t: int) -> np.ndarray:
    """Return the grid points (N, 2) where q(x_t) is at least 1% of its maximum."""
    line = np.linspace(-3, 3, 101) + 0.003
    places = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    bar = float(schedule.alphas_cumprod[t - 1])
    variance = bar * toy.GAUSSIAN_STD**2 + 1 - bar
    away = places[:, None] - bar**0.5 * toy.gaussian_centres().numpy()
    density = np.exp(-np.square(away).sum(2) / (2 * variance)).sum(1)
    kept: np.ndarray = places[density > density.max() / 100].astype(np.float32)
    return kept


@pytest.mark.parametrize("t", [1, 2, 5, 10, 15, 20, 25, 30, 40, 60, 80, 100])
def test_the_learned_score_points_where_the_true_one_does(gaussians: PointModel, t: int) -> None:
    """Mean cosine > 0.95, although the true score vanishes between modes and changes direction."""
    schedule = gaussians.process.schedule
    for kind, places in (
        ("each place as often as q(x_t) has it", diffuse_points(gaussians, t, seed=3)),
        ("every place alike", not_negligible(schedule, t)),
    ):
        learned = score_field(gaussians, places, t)
        true = toy.mixture_score(torch.from_numpy(places), schedule, t - 1).numpy()
        lengths = np.linalg.norm(learned, axis=1) * np.linalg.norm(true, axis=1)
        assert np.mean((learned * true).sum(1) / lengths) > 0.95, kind
        # The norms agree too.
        ratio = np.linalg.norm(learned) / np.linalg.norm(true)
        assert abs(ratio - 1) < 0.1, kind


def test_a_look_tells_both_scores_and_how_alike_they_are(gaussians: PointModel) -> None:
    places = np.array([[1.0, 0.5], [-0.3, 2.0]], np.float32)
    look = evaluate_scores(gaussians, places, 40, seed=0)
    assert look.points.shape == (512, 2)
    assert look.true is not None
    np.testing.assert_allclose(look.learned, look.true, atol=0.2)
    assert look.cosine is not None
    assert 0.95 < look.cosine <= 1
    assert np.array_equal(evaluate_scores(gaussians, places, 0, seed=0).points, gaussians.data)


def test_the_calmer_target_is_the_exact_noise_where_the_points_are_many() -> None:
    """The posterior mean of ε is ε* = −√(1−ᾱ_t) ∇ log q(x_t), exactly known for the mixture."""
    schedule, generator = NoiseSchedule.named("linear_scaled", 100), torch.Generator()
    x_0 = toy.draw_points("eight_gaussians", 200, generator.manual_seed(0))
    others = toy.draw_points("eight_gaussians", 100_000, generator.manual_seed(1))
    for t in (20, 50, 90):
        index = torch.full((200,), t - 1)
        noise = torch.randn(200, 2, generator=generator.manual_seed(t))
        x_t = DiffusionProcess(schedule).q_sample(x_0, t - 1, noise)
        found = toy.expected_noise(x_0, x_t, others, schedule, index)
        spread = float(schedule.sqrt_one_minus_alphas_cumprod[t - 1])
        exact = -spread * toy.mixture_score(x_t, schedule, t - 1).float()
        torch.testing.assert_close(found, exact, atol=0.03, rtol=0)
        alone = toy.expected_noise(x_0, x_t, others[:0], schedule, index)
        torch.testing.assert_close(alone, noise, atol=1e-3, rtol=0)


def test_the_network_is_the_linear_answer_and_what_it_learns() -> None:
    """Without its learned part, the network gives ε̂ = √(1−ᾱ_t) x_t, exact for data N(0, I)."""
    schedule = NoiseSchedule.named("linear_scaled", 100)
    network = toy.PointNet(schedule)
    for weights in network.hidden[-1].parameters():
        nn.init.zeros_(weights)
    x = torch.randn(3, 2, 4, 1, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 40, 99])
    expected = x * schedule.sqrt_one_minus_alphas_cumprod[labels].float()[:, None, None, None]
    torch.testing.assert_close(network(x, labels), expected)


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++2m", "heun", "langevin", "ode"])
def test_every_kind_of_sampler_finds_the_eight(gaussians: PointModel, sampler: str) -> None:
    told, walk = finish(sample_trajectory(gaussians, sampler, None, seed=2))
    points = walk.states[-1]
    reached = [report.done / report.total for report in told]
    assert reached == sorted(reached)
    assert len(reached) == len(walk.states) // 10
    assert walk.shares[0] == 0
    assert walk.shares[-1] == 1
    assert list(walk.shares) == sorted(walk.shares)
    assert walk.index_at(1) == len(walk.states) - 1
    assert walk.index_at(0) == 0
    gaps = np.linalg.norm(points[:, None] - toy.gaussian_centres().numpy(), axis=2)
    assert (gaps.min(1) < 4 * toy.GAUSSIAN_STD).mean() > 0.85
    shares = np.bincount(gaps.argmin(1), minlength=8) / len(points)
    assert shares.min() > 0.04


class ExactNoise(nn.Module):
    """Optimal model of the mixture: ε̂ = −√(1−ᾱ_t) times the score."""

    def __init__(self, schedule: NoiseSchedule) -> None:
        super().__init__()
        self.schedule = schedule

    def forward(self, x_t: Tensor, index: Tensor) -> Tensor:
        index_at = int(index[0])
        score = toy.mixture_score(toy.as_points(x_t), self.schedule, index_at)
        scale = float(self.schedule.sqrt_one_minus_alphas_cumprod[index_at])
        return -toy.as_picture(score) * scale


@pytest.mark.parametrize("t", [40, 70])
def test_langevin_alone_ends_in_the_distribution_of_its_t(t: int) -> None:
    schedule = NoiseSchedule.named("linear_scaled", 100)
    network = ExactNoise(schedule)
    model = PointModel(network, DiffusionProcess(schedule), np.zeros((0, 2), np.float32))
    told, walk = finish(langevin(model, t, 600, seed=4, count=4000))
    states = walk.states
    assert len(states) == 601
    assert [(report.done, report.total) for report in told] == [
        (step, 600) for step in range(10, 601, 10)
    ]
    bar = float(schedule.alphas_cumprod[t - 1])
    variance = bar * toy.GAUSSIAN_STD**2 + 1 - bar
    centres = bar**0.5 * toy.gaussian_centres().numpy()
    generator = np.random.default_rng(0)
    true = centres[generator.integers(8, size=4000)]
    true = true + variance**0.5 * generator.standard_normal((4000, 2))

    def radii(points: np.ndarray) -> list[float]:
        lengths = np.linalg.norm(points, axis=1)
        return [float(np.quantile(lengths, share)) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]

    np.testing.assert_allclose(radii(states[-1]), radii(true), atol=0.06)
    with pytest.raises(StudioError, match="out of range"):
        finish(langevin(model, 0, 1, seed=0))


def test_between_the_steps_of_a_walk_others_may_train(gaussians: PointModel) -> None:
    walk = sample_trajectory(gaussians, "ddpm", None, seed=0)
    next(walk)
    assert torch.is_grad_enabled()
    walk.close()


def test_a_spiral_is_recognised() -> None:
    events, model = finish(play(PlaygroundRequest(shape="spiral", steps=1200)))
    line = toy.spiral_at(torch.linspace(0, 1, 800)).numpy()

    def away(points: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(points[:, None] - line, axis=2).min(1)))

    looks = [event for event in events if isinstance(event, PointTrainingState)]
    assert away(looks[0].samples) > 2 * away(looks[-1].samples)
    points = finish(sample_trajectory(model, "ddim", 50, seed=5))[1].states[-1]
    assert away(points) < 0.03, "within the spiral's own width"
    gaps = np.linalg.norm(points[:, None] - line, axis=2).min(1)
    assert (gaps < 0.1).mean() > 0.95
    assert abs(away(model.data) - 0.67 * toy.SPIRAL_STD) < 0.01


def test_a_drawing_of_ones_own() -> None:
    corners = np.array([[-1, -1], [1, 1]], np.float32)
    model = finish(play(PlaygroundRequest(shape="drawing", steps=600), corners))[1]
    points = finish(sample_trajectory(model, "ddpm", None, seed=0))[1].states[-1]
    assert model.shape == "drawing"
    assert evaluate_scores(model, corners, 20, seed=0).true is None
    gaps = np.linalg.norm(points[:, None] - corners, axis=2).min(1)
    assert np.median(gaps) < 0.3
    with pytest.raises(StudioError, match="nothing to learn"):
        finish(play(PlaygroundRequest(shape="drawing")))
    with pytest.raises(StudioError, match="out of range"):
        score_field(model, corners, 101)


def test_the_fewest_timesteps_have_a_schedule() -> None:
    next(play(PlaygroundRequest(timesteps=21)))
    with pytest.raises(ValidationError, match="timesteps"):
        PlaygroundRequest(timesteps=20)
