"""Distances between sets of features, against independent libraries and closed forms."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from prdc import compute_prdc
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torchmetrics import Metric
from torchmetrics.image.fid import FrechetInceptionDistance
from torchmetrics.image.kid import KernelInceptionDistance

from ddpm_studio.engine.generators import finish
from ddpm_studio.metrics.frechet import frechet_distance, gaussian_distance
from ddpm_studio.metrics.kernel_distance import kernel, kernel_distance
from ddpm_studio.metrics.manifold import density_coverage, manifold_metrics, precision_recall
from ddpm_studio.metrics.metric_input import MetricInput
from ddpm_studio.metrics.sliced import sliced_wasserstein

Array = npt.NDArray[np.float64]

NONE = np.zeros((0, 1, 1, 1), np.uint8)


class Given(nn.Module):
    """Identity feature extractor, for features in the form of pictures 1 pixel high."""

    num_features = 12

    def forward(self, x: Tensor) -> Tensor:
        return x.double().flatten(1)


def features(count: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Array:
    draw = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).standard_normal((12, 12))
    return scale * draw.standard_normal((count, 12)) @ mixing + shift


def compared_alone(real: Array, fake: Array) -> MetricInput:
    """Return the comparison of two sets by their features alone, without pictures."""
    return MetricInput(real, fake, NONE, NONE)


PAIRS = [
    (features(400, 0), features(300, 1, 1.3, 0.4)),
    (features(60, 2), features(60, 3, 0.2, -2.0)),
    # Fewer pictures than dimensions: the covariances are singular.
    (features(9, 4), features(7, 5)),
]


def told(metric: Metric, real: Array, fake: Array) -> Metric:
    for given, is_real in ((real, True), (fake, False)):
        metric.update(torch.from_numpy(given)[:, :, None, None], real=is_real)
    return metric


@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_frechet_is_that_of_torchmetrics(real: Array, fake: Array) -> None:
    metric = FrechetInceptionDistance(feature=Given(), normalize=False, input_img_size=(12, 1, 1))
    metric.set_dtype(torch.float64)
    expected = float(told(metric, real, fake).compute())
    assert frechet_distance(real, fake) == pytest.approx(expected, rel=1e-6)


def test_frechet_of_gaussians_with_diagonal_covariances() -> None:
    """For diagonal covariances the distance is ‖μ_1 − μ_2‖² + Σ (σ_1 − σ_2)²."""
    a, b = np.array([1.0, 4.0, 0.0]), np.array([9.0, 1.0, 0.25])
    mean = np.array([1.0, -2.0, 0.5])
    expected = 5.25 + 4 + 1 + 0.25
    found = gaussian_distance(mean, np.diag(a), np.zeros(3), np.diag(b))
    assert found == pytest.approx(expected, rel=1e-12)


def test_a_set_has_no_distance_from_itself() -> None:
    real = features(50, 0)
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)
    assert finish(sliced_wasserstein(real, real, 10)) == 0
    found = finish(manifold_metrics(real, real, 3))
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)


@pytest.mark.filterwarnings("ignore:Metric `Kernel Inception Distance`")
@pytest.mark.parametrize(("real", "fake"), PAIRS[:2])
def test_kid_is_that_of_torchmetrics(real: Array, fake: Array) -> None:
    rows = min(len(real), len(fake))
    real, fake = real[:rows], fake[:rows]
    metric = KernelInceptionDistance(feature=Given(), subsets=1, subset_size=rows)
    metric.set_dtype(torch.float64)
    expected = float(told(metric, real, fake).compute()[0])
    assert kernel_distance(real, fake) == pytest.approx(expected, rel=1e-6)


def test_kid_over_subsets_is_near_that_of_all_and_has_no_bias() -> None:
    real, fake = features(300, 0), features(300, 1)
    compared = compared_alone(real, fake)
    whole = finish(kernel(compared))
    assert whole == {"kid": kernel_distance(real, fake), "kid_deviation": 0}
    parts = finish(kernel(compared, subsets=400, subset_size=50))
    error = parts["kid_deviation"] / np.sqrt(400)
    assert parts["kid"] == pytest.approx(whole["kid"], abs=5 * error)
    assert finish(kernel(compared, subsets=5, subset_size=50)) == finish(
        kernel(compared, subsets=5, subset_size=50)
    )


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(("real", "fake"), PAIRS)
def test_manifolds_are_those_of_prdc(real: Array, fake: Array, k: int) -> None:
    found = finish(manifold_metrics(real, fake, k))
    expected = compute_prdc(real, fake, k)
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, rel=1e-6), name


def test_the_metrics_take_their_own_numbers_of_neighbours() -> None:
    real, fake = PAIRS[0]
    compared = compared_alone(real, fake)
    ours = {**finish(precision_recall(compared)), **finish(density_coverage(compared))}
    three, five = compute_prdc(real, fake, 3), compute_prdc(real, fake, 5)
    assert ours == pytest.approx(
        {
            "precision": three["precision"],
            "recall": three["recall"],
            "density": five["density"],
            "coverage": five["coverage"],
        },
        rel=1e-6,
    )


@pytest.mark.parametrize(("n", "m"), [(6, 6), (4, 6), (5, 3), (1, 4)])
def test_sliced_on_a_line_is_the_cheapest_transport(n: int, m: int) -> None:
    """In one dimension it is optimal transport: here an assignment problem over n·m pairs."""
    draw = np.random.default_rng(3)
    real, fake = draw.standard_normal((n, 1)), draw.standard_normal((m, 1)) + 1
    costs = (np.repeat(real, m, 0) - np.repeat(fake, n, 0).T) ** 2
    cheapest = costs[linear_sum_assignment(costs)].mean()
    assert finish(sliced_wasserstein(real, fake, 3)) == pytest.approx(np.sqrt(cheapest), rel=1e-9)


def test_sliced_sees_a_shift_as_its_part_along_each_line() -> None:
    """A shift by v gives ‖v‖/√D, as E ⟨θ, v⟩² = ‖v‖²/D over the sphere."""
    real = features(40, 0)
    shift = np.arange(12.0)
    found = finish(sliced_wasserstein(real, real + shift, 20_000))
    assert found == pytest.approx(np.linalg.norm(shift) / np.sqrt(12), rel=0.02)


def test_what_can_not_be_compared_is_refused() -> None:
    with pytest.raises(ValueError, match="at least two"):
        frechet_distance(features(1, 0), features(5, 0))
    with pytest.raises(ValueError, match="must be"):
        kernel_distance(features(5, 0), features(5, 0)[:, :3])
    with pytest.raises(ValueError, match="more than 5 pictures"):
        finish(manifold_metrics(features(5, 0), features(9, 0), 5))
