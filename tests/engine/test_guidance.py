"""Classifier-free guidance."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from ddpm_studio.engine import UNetConfig
from ddpm_studio.engine.guidance import (
    GuidedDenoiser,
    guided_prediction,
    interpolation_weights,
    nearest_class,
    rescale_guidance,
)
from ddpm_studio.engine.networks.registry import build

CONFIG = UNetConfig.tiny(8, 1).with_fields(num_classes=3)


class _Network:
    """Predicts the class number (3: no label) plus t; channels of the variance say 10 + class."""

    def __init__(self, learned: bool = False) -> None:
        self.learned, self.evaluated = learned, 0

    def __call__(self, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
        self.evaluated += len(x)
        mean = torch.zeros_like(x) + (y + t)[:, None, None, None]
        if not self.learned:
            return mean
        return torch.cat([mean, torch.zeros_like(x) + 10 + y[:, None, None, None]], dim=1)


X, T, Y = torch.zeros(2, 1, 8, 8), torch.tensor([100, 200]), torch.tensor([0, 2])


@pytest.mark.parametrize(
    ("scale", "expected", "evaluated"),
    [(0.0, [103, 203], 2), (1.0, [100, 202], 2), (2.5, [95.5, 200.5], 4)],
)
def test_formula(scale: float, expected: list[float], evaluated: int) -> None:
    network = _Network()
    out = GuidedDenoiser(network, CONFIG, Y, scale)(X, T)
    assert out.shape == X.shape
    assert out[:, 0, 0, 0].tolist() == expected
    assert network.evaluated == evaluated


@pytest.mark.parametrize(
    ("scale", "mean"), [(0.0, [103, 203]), (1.0, [100, 202]), (3.0, [94, 200])]
)
def test_a_learned_variance_is_that_of_the_class(scale: float, mean: list[float]) -> None:
    out = GuidedDenoiser(_Network(learned=True), CONFIG, Y, scale)(X, T)
    assert out[:, 1, 0, 0].tolist() == [10, 12]
    assert out[:, 0, 0, 0].tolist() == mean


def test_refusals() -> None:
    with pytest.raises(ValueError, match="without labels"):
        GuidedDenoiser(_Network(), UNetConfig.tiny(8, 1), Y)
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=rf"class {wrong} is not one of 0\.\.2"):
            GuidedDenoiser(_Network(), CONFIG, torch.tensor([0, wrong]))
    for scale in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="guidance must be"):
            GuidedDenoiser(_Network(), CONFIG, Y, scale)
    for rescale in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"guidance rescaling must be 0\.\.1"):
            GuidedDenoiser(_Network(), CONFIG, Y, 2.0, rescale)
    with pytest.raises(ValueError, match="1 pictures came for 2 classes"):
        GuidedDenoiser(_Network(), CONFIG, Y)(X[:1], T[:1])


def test_shares_of_classes_go_with_the_parts() -> None:
    parts = torch.tensor([[1.0, 0.0], [0.75, 0.25], [0.0, 1.0]])
    assert interpolation_weights([2, 0], parts, 3).tolist() == [
        [0, 0, 1, 0],
        [0.25, 0, 0.75, 0],
        [1, 0, 0, 0],
    ]
    assert interpolation_weights([1, None], parts, 3)[1].tolist() == [0, 0.75, 0, 0.25]
    assert interpolation_weights([1, 1], parts, 3)[1].tolist() == [0, 1, 0, 0]
    assert nearest_class(interpolation_weights([2, 0], parts, 3)).tolist() == [2, 2, 0]


def test_shares_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="2 parts came for 3 classes"):
        interpolation_weights([0, 1, 2], torch.eye(2), 3)
    for wrong in (3, -1):
        with pytest.raises(ValueError, match=f"class {wrong} is not one of"):
            interpolation_weights([0, wrong], torch.eye(2), 3)


@pytest.mark.parametrize("scale", [0.0, 1.0, 2.5])
def test_guidance_of_whole_shares_is_that_of_labels(scale: float) -> None:
    network = build(CONFIG).eval()
    with torch.no_grad():
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.1)
        x = torch.randn(2, 1, 8, 8)
        shares = interpolation_weights([0, 2], torch.eye(2), 3)
        by_label = guided_prediction(network, CONFIG, x, T, Y, scale)
        by_share = guided_prediction(network, CONFIG, x, T, shares, scale)
    torch.testing.assert_close(by_share, by_label, rtol=0, atol=0)


def test_a_prediction_without_any_spread_is_rescaled_to_itself() -> None:
    flat = torch.zeros(2, 1, 8, 8)
    flat[1] += torch.randn(1, 8, 8)
    again = rescale_guidance(3 * flat, flat, 1.0)
    assert torch.equal(again[0], flat[0]), "that of a network with its first weights"
    torch.testing.assert_close(again[1], flat[1])
