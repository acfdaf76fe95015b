"""Augmentation: pictures are transformed as their labels say, zero labels change nothing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, Trainer, TrainingConfig
from ddpm_studio.engine.augmentation import AUGMENT_LABELS, augment, draw_augment_labels
from ddpm_studio.engine.networks.dit import DiTConfig
from ddpm_studio.engine.networks.half_precision import to_bf16
from ddpm_studio.engine.networks.network import Network, NetworkConfig
from ddpm_studio.engine.networks.patch_unet import PatchUNetConfig
from ddpm_studio.engine.networks.registry import build, config_from
from ddpm_studio.engine.networks.unet import UNetConfig
from ddpm_studio.engine.optimizers.muon import hidden_matrices

_NET = UNetConfig(8, 8, 1, 32, (1, 2), 1, (4,))
_KINDS: tuple[NetworkConfig, ...] = (
    _NET,
    PatchUNetConfig(8, 8, 1, 32, (1, 2), 1, (4,)),
    DiTConfig(8, 8, 1, hidden=48, depth=1),
)


def _told(**given: float | tuple[float, float]) -> Tensor:
    """Return the augment labels of one picture, shape (1, AUGMENT_LABELS), from named values."""
    names = ("mirrored", "upturned", "scale", "angle", "stretch", "shift")
    assert given.keys() <= set(names)
    scale = given.get("scale", 0.0)
    angle = float(given.get("angle", 0.0))  # type: ignore[arg-type]
    flat = [given.get("mirrored", 0.0), given.get("upturned", 0.0), scale]
    flat += [math.cos(angle) - 1, math.sin(angle)]
    flat += [*given.get("stretch", (0.0, 0.0)), *given.get("shift", (0.0, 0.0))]  # type: ignore[misc]
    return torch.tensor([flat], dtype=torch.float32)


def _noise(height: int = 8, width: int = 8) -> Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9


def test_told_nothing_a_picture_stays_to_the_bit() -> None:
    x0 = _noise()
    assert torch.equal(augment(x0, torch.zeros(1, AUGMENT_LABELS)), x0)


@pytest.mark.parametrize("shape", [(8, 8), (6, 10)])
def test_mirrored_and_upside_down(shape: tuple[int, int]) -> None:
    x0 = _noise(*shape)
    torch.testing.assert_close(augment(x0, _told(mirrored=1.0)), x0.flip(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(augment(x0, _told(upturned=1.0)), x0.flip(2), atol=1e-5, rtol=0)


def test_a_quarter_turn() -> None:
    x0 = _noise()
    turned = augment(x0, _told(angle=math.pi / 2))
    torch.testing.assert_close(turned, x0.rot90(1, (2, 3)), atol=1e-5, rtol=0)


def test_a_shift_by_whole_pixels() -> None:
    # The unit is an eighth of a side: 1 pixel of 8, 2 pixels of 16.
    x0 = _noise(8, 16)
    moved = augment(x0, _told(shift=(1.0, -2.0)))
    torch.testing.assert_close(moved[..., 2:, :-2], x0[..., :-2, 2:], atol=1e-5, rtol=0)


def _ramp(height: int, width: int, across: float, down: float) -> Tensor:
    """Return a linear ramp that is 0 in the middle, shape (1, 1, height, width)."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    plane = across * (x - (width - 1) / 2) + down * (y - (height - 1) / 2)
    return plane[None, None].float()


@pytest.mark.parametrize(
    ("told", "matrix"),
    [
        # 5 units of .2 in log2 are a factor of 2: everything is twice as large.
        (_told(scale=5.0), [[0.5, 0.0], [0.0, 0.5]]),
        # Twice as long from left to right, half as tall.
        (_told(stretch=(5.0, 0.0)), [[0.5, 0.0], [0.0, 2.0]]),
        (_told(stretch=(0.0, 5.0)), [[2.0, 0.0], [0.0, 0.5]]),
        # Along a diagonal: the mean of ½ and 2, and half their difference off the diagonal.
        (_told(stretch=(5 / math.sqrt(2), 5 / math.sqrt(2))), [[1.25, -0.75], [-0.75, 1.25]]),
        (
            _told(angle=math.pi / 6),
            [[math.cos(math.pi / 6), -0.5], [0.5, math.cos(math.pi / 6)]],
        ),
    ],
)
def test_slopes_of_a_rectangle_become_what_the_change_makes_of_them(
    told: Tensor, matrix: list[list[float]]
) -> None:
    # Pixels are square: angles are kept also in a picture that is not.
    across, down = 0.02, -0.01
    x0 = _ramp(24, 40, across, down)
    (a, b), (c, d) = matrix
    expected = _ramp(24, 40, across * a + down * c, across * b + down * d)
    middle = (..., slice(9, 15), slice(17, 23))
    # To a tenth of a pixel, by which torch's bicubic filter distorts ramps.
    apart = 0.1 * across
    torch.testing.assert_close(augment(x0, told)[middle], expected[middle], atol=apart, rtol=0)


def test_each_change_has_its_share_and_its_spread() -> None:
    draw = torch.Generator().manual_seed(0)
    told = draw_augment_labels(20_000, 0.25, draw)
    assert told.shape == (20_000, AUGMENT_LABELS)
    pairs = (slice(3, 5), slice(5, 7), slice(7, 9))
    for part in (slice(0, 1), slice(1, 2), slice(2, 3), *pairs):
        assert (told[:, part] != 0).any(1).float().mean() == pytest.approx(0.25, abs=0.02)
    # Each independently: two at once have the product of their probabilities.
    both = ((told[:, 0] != 0) & (told[:, 2] != 0)).float().mean()
    assert both == pytest.approx(0.0625, abs=0.01)
    scale = told[:, 2][told[:, 2] != 0]
    assert scale.mean() == pytest.approx(0, abs=0.05)
    assert scale.std() == pytest.approx(1, abs=0.05)
    angle = torch.atan2(told[:, 4], 1 + told[:, 3])[(told[:, 3:5] != 0).any(1)]
    assert angle.std() == pytest.approx(math.pi / math.sqrt(3), abs=0.05)
    torch.testing.assert_close((1 + told[:, 3]).square() + told[:, 4].square(), torch.ones(20_000))


def test_probability_of_nothing_and_out_of_range() -> None:
    draw = torch.Generator().manual_seed(0)
    assert not draw_augment_labels(100, 0.0, draw).any()
    for wrong in (-0.1, 1.1):
        with pytest.raises(ValueError, match="probability"):
            draw_augment_labels(1, wrong, draw)
    with pytest.raises(ValueError, match="labels"):
        augment(_noise(), torch.zeros(2, AUGMENT_LABELS))


@pytest.mark.parametrize("config", _KINDS, ids=lambda config: config.kind)
def test_a_network_told_nothing_is_one_without_augmentation(config: NetworkConfig) -> None:
    torch.manual_seed(0)
    plain = build(config)
    torch.manual_seed(0)
    told = build(config.with_fields(augmented=True))
    for network in (plain, told):
        _unsettled(network.eval())
    x, t = torch.randn(2, 1, 8, 8), torch.tensor([3, 50])
    assert torch.equal(plain(x, t), told(x, t))
    assert torch.equal(told(x, t), told(x, t, None, torch.zeros(2, AUGMENT_LABELS)))
    said = torch.ones(2, AUGMENT_LABELS)
    assert torch.equal(told(x, t), told(x, t, None, said)), "it starts with nothing to say"
    with torch.no_grad():
        told.get_parameter("augmentation.weight").fill_(0.1)
    assert not torch.allclose(told(x, t), told(x, t, None, said))
    assert torch.equal(told(x, t), plain(x, t))
    assert not any(name.startswith("augmentation") for name in hidden_matrices(told))
    assert to_bf16(told).get_parameter("augmentation.weight").dtype == torch.float32


@pytest.mark.parametrize("config", _KINDS, ids=lambda config: config.kind)
def test_a_network_without_augmentation_refuses_augment_labels(config: NetworkConfig) -> None:
    x, t = torch.randn(2, 1, 8, 8), torch.tensor([3, 50])
    with pytest.raises(ValueError, match="not made to be told of augmentation"):
        build(config)(x, t, None, torch.zeros(2, AUGMENT_LABELS))


def _unsettled(network: Network) -> None:
    """Perturb all weights but those of augmentation, so that zero-initialised layers matter."""
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if not name.startswith("augmentation"):
                weight.add_(0.05 * torch.randn(weight.shape, generator=draw))


def test_what_is_stored_tells_of_augmentation_only_where_there_is_some() -> None:
    assert "augmented" not in _NET.to_dict()
    told = _NET.with_fields(augmented=True)
    assert told.to_dict()["augmented"] is True
    assert config_from(told.to_dict()) == told


def _images(count: int = 6) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1), dtype=np.uint8)


_CONFIG = TrainingConfig(batch_size=4, warmup_steps=2, augmentation=0.5, optimizer="muon")


def _trainer(config: TrainingConfig, net: NetworkConfig) -> Trainer:
    torch.manual_seed(0)
    process = DiffusionProcess(NoiseSchedule.linear(100))
    return Trainer(build(net), process, _images(), config)


def test_a_training_tells_the_network_what_happened_to_each_picture() -> None:
    trainer = _trainer(_CONFIG, _NET.with_fields(augmented=True))
    seen: list[Tensor] = []
    trainer.model.register_forward_pre_hook(lambda _, given: seen.append(given[3]))
    trainer.step()
    (told,) = seen
    assert told.shape == (4, AUGMENT_LABELS)
    assert told.any()
    gradient = trainer.model.get_parameter("augmentation.weight").grad
    assert gradient is not None
    assert gradient.any()


def test_a_training_resumed_is_the_training_through() -> None:
    net = _NET.with_fields(augmented=True)
    through = _trainer(_CONFIG, net)
    losses = [float(through.step().loss) for _ in range(4)]
    first = _trainer(_CONFIG, net)
    again = [float(first.step().loss) for _ in range(2)]
    second = _trainer(_CONFIG, net)
    second.load(
        2,
        first.model.state_dict(),
        first.ema.model.state_dict(),
        first.optimizer_tensors(),
    )
    again += [float(second.step().loss) for _ in range(2)]
    assert again == losses


def test_a_network_that_was_not_made_for_it_is_refused() -> None:
    with pytest.raises(ValueError, match="augmentation"):
        _trainer(_CONFIG, _NET)
    with pytest.raises(ValueError, match="augmentation"):
        replace(_CONFIG, augmentation=1.5)


def test_pictures_differ_from_the_plain_ones_as_told() -> None:
    config = replace(_CONFIG, flip=False, augmentation=0.12)
    trainer = _trainer(config, _NET.with_fields(augmented=True))
    rows = np.arange(6)
    draw = torch.Generator().manual_seed(0)
    x0, told = trainer.batches.pictures(rows, slice(0, 6), trainer.config, draw)
    assert told is not None
    plain = torch.from_numpy(_images()).permute(0, 3, 1, 2).float() / 127.5 - 1
    same = ~told.any(1)
    assert 0 < same.sum() < 6
    assert torch.equal(x0[same], plain[same])
    assert F.l1_loss(x0[~same], plain[~same]) > 0.1
    # Ranks split a batch, and augment it as one process does.
    parts = [
        trainer.batches.pictures(rows, own, config, torch.Generator().manual_seed(0))
        for own in (slice(0, 2), slice(2, 6))
    ]
    assert torch.equal(torch.cat([part for part, _ in parts]), x0)
    assert torch.equal(torch.cat([part for _, part in parts if part is not None]), told)
