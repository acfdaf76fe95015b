"""The playground against what is known of its distributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, toy
from ddpm_studio.errors import StudioError
from ddpm_studio.jobs import PointModel, diffused, langevin, play, score_field, walk_points
from ddpm_studio.jobs.events import PointsLearned
from ddpm_studio.requests import PlayRequest
from tests.jobs.conftest import finish


@pytest.fixture(scope="module")
def gaussians() -> PointModel:
    model: PointModel = finish(play(PlayRequest(shape="eight_gaussians")))[1]
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


@pytest.mark.parametrize("t", [5, 20, 50, 80])
def test_the_learned_score_points_where_the_true_one_does(gaussians: PointModel, t: int) -> None:
    """At places drawn from q(x_t), so where the density is not negligible."""
    places = diffused(gaussians, t, seed=3)
    learned = score_field(gaussians, places, t)
    true = toy.mixture_score(torch.from_numpy(places), gaussians.process.schedule, t - 1).numpy()
    lengths = np.linalg.norm(learned, axis=1) * np.linalg.norm(true, axis=1)
    cosines = (learned * true).sum(1) / lengths
    assert np.median(cosines) > 0.95
    whole = (learned * true).sum() / (np.linalg.norm(learned) * np.linalg.norm(true))
    assert whole > 0.95, "of both fields as one vector each"


@pytest.mark.parametrize("sampler", ["ddpm", "ddim", "dpm++2m", "heun", "langevin", "ode"])
def test_every_kind_of_sampler_finds_the_eight(gaussians: PointModel, sampler: str) -> None:
    *_, points = walk_points(gaussians, sampler, None, seed=2)  # type: ignore[arg-type]
    gaps = np.linalg.norm(points[:, None] - toy.gaussian_centres().numpy(), axis=2)
    assert (gaps.min(1) < 4 * toy.GAUSSIAN_STD).mean() > 0.85
    shares = np.bincount(gaps.argmin(1), minlength=8) / len(points)
    assert shares.min() > 0.04


class ExactNoise(nn.Module):
    """ε̂ of the mixture itself: −√(1−ᾱ_t) times its score."""

    def __init__(self, schedule: NoiseSchedule) -> None:
        super().__init__()
        self.schedule = schedule

    def forward(self, x_t: Tensor, index: Tensor) -> Tensor:
        at = int(index[0])
        score = toy.mixture_score(toy.as_points(x_t), self.schedule, at)
        scale = float(self.schedule.sqrt_one_minus_alphas_cumprod[at])
        return -toy.as_picture(score) * scale


@pytest.mark.parametrize("t", [40, 70])
def test_langevin_alone_ends_in_the_distribution_of_its_t(t: int) -> None:
    schedule = NoiseSchedule.named("linear_scaled", 100)
    network = ExactNoise(schedule)
    model = PointModel(network, DiffusionProcess(schedule), np.zeros((0, 2), np.float32))  # type: ignore[arg-type]
    moments = langevin(model, t, 600, seed=4, count=4000)
    assert len(moments) == 601
    bar = float(schedule.alphas_cumprod[t - 1])
    variance = bar * toy.GAUSSIAN_STD**2 + 1 - bar
    centres = bar**0.5 * toy.gaussian_centres().numpy()
    generator = np.random.default_rng(0)
    true = centres[generator.integers(8, size=4000)]
    true = true + variance**0.5 * generator.standard_normal((4000, 2))

    def radii(points: np.ndarray) -> list[float]:
        lengths = np.linalg.norm(points, axis=1)
        return [float(np.quantile(lengths, share)) for share in (0.1, 0.3, 0.5, 0.7, 0.9)]

    np.testing.assert_allclose(radii(moments[-1]), radii(true), atol=0.06)
    with pytest.raises(StudioError, match="out of range"):
        langevin(model, 0, 1, seed=0)


def test_a_spiral_is_recognised() -> None:
    events, model = finish(play(PlayRequest(shape="spiral")))
    line = toy.spiral_at(torch.linspace(0, 1, 800)).numpy()

    def away(points: np.ndarray) -> float:
        return float(np.median(np.linalg.norm(points[:, None] - line, axis=2).min(1)))

    looks = [event for event in events if isinstance(event, PointsLearned)]
    assert away(looks[0].samples) > 2 * away(looks[-1].samples)
    *_, points = walk_points(model, "ddim", 50, seed=5)
    assert away(points) < 0.1
    assert abs(away(model.data) - 0.67 * toy.SPIRAL_STD) < 0.01


def test_a_drawing_of_ones_own() -> None:
    corners = np.array([[-1, -1], [1, 1]], np.float32)
    model = finish(play(PlayRequest(shape="drawing", steps=600), corners))[1]
    *_, points = walk_points(model, "ddpm", None, seed=0)
    gaps = np.linalg.norm(points[:, None] - corners, axis=2).min(1)
    assert np.median(gaps) < 0.3
    with pytest.raises(StudioError, match="nothing to learn"):
        finish(play(PlayRequest(shape="drawing")))
    with pytest.raises(StudioError, match="out of range"):
        score_field(model, corners, 101)
