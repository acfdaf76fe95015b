"""U-Net: parameter counts, initialisation, embedding, conditioning and refused arguments."""

from __future__ import annotations

import math
import weakref

import pytest
import torch
from torch.nn import functional as F

from ddpm_studio.engine import DiffusionProcess, NoiseSchedule, UNet, UNetConfig, l_simple
from ddpm_studio.engine.networks.embeddings import timestep_embedding
from ddpm_studio.engine.networks.presets import preset
from ddpm_studio.engine.networks.unet_blocks import (
    AttentionBlock,
    BlockStyle,
    ResidualBlock,
    Upsample,
    attend,
)


@pytest.mark.parametrize(
    ("config", "parameters"),
    [(UNetConfig.ddpm32(), 35_746_307), (UNetConfig.ddpm256(), 113_673_219)],
)
def test_parameter_counts(config: UNetConfig, parameters: int) -> None:
    with torch.device("meta"):
        model = UNet(config)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_attention_stands_at_16_going_down_and_up() -> None:
    with torch.device("meta"):
        model = UNet(UNetConfig.ddpm256())
    names = [n for n, m in model.named_modules() if type(m).__name__ == "AttentionBlock"]
    assert names == [
        "down.4.attention.0",
        "down.4.attention.1",
        "mid_attention",
        "up.1.attention.0",
        "up.1.attention.1",
        "up.1.attention.2",
    ]


def test_first_loss_is_about_one() -> None:
    torch.manual_seed(0)
    model = UNet(UNetConfig.tiny(16))
    x0 = torch.rand(32, 3, 16, 16) * 2 - 1
    loss = l_simple(
        DiffusionProcess(NoiseSchedule.linear()),
        model,
        x0,
        torch.randint(1000, (32,)),
        torch.randn_like(x0),
    )
    # The variance of a mean of ε² over n values is 2/n.
    assert float(loss.detach().mean()) == pytest.approx(1, abs=5 * math.sqrt(2 / x0.numel()))


def test_time_embedding() -> None:
    expected = [-0.54402, 0.44767, 0.021543, 0.001, -0.83907, 0.89420, 0.99977, 1.0]
    got = timestep_embedding(torch.tensor([10]), 8)
    torch.testing.assert_close(got, torch.tensor([expected]), atol=6e-6, rtol=0)


def test_doubling_and_its_convolution_in_one_equal_the_two_apart() -> None:
    torch.manual_seed(0)
    up = Upsample(8).double()
    x = torch.randn(2, 8, 5, 3, dtype=torch.float64, requires_grad=True)
    apart = up.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))
    inputs = (x, *up.conv.parameters())
    torch.testing.assert_close(up(x), apart)
    gradients = torch.autograd.grad(apart.square().sum(), inputs)
    torch.testing.assert_close(torch.autograd.grad(up(x).square().sum(), inputs), gradients)


@pytest.mark.parametrize(("dtype", "error"), [(torch.float32, 1e-5), (torch.bfloat16, 2e-2)])
def test_attention_is_the_softmax_of_its_definition(dtype: torch.dtype, error: float) -> None:
    torch.manual_seed(0)
    q, k, v = torch.randn(3, 2, 16, 9).to(dtype)
    scores = torch.einsum("ncl,ncm->nlm", q.double(), k.double()) / math.sqrt(16)
    expected = torch.einsum("nlm,ncm->ncl", scores.softmax(-1), v.double())
    torch.testing.assert_close(attend(q, k, v).double(), expected, atol=error, rtol=error)


@torch.inference_mode()
@pytest.mark.parametrize("heads", [1, 4])
def test_attention_by_pixel_as_on_a_gpu_is_that_of_the_cpu(heads: int) -> None:
    torch.manual_seed(0)
    block = AttentionBlock(16, BlockStyle(0, 4, 0.0, heads=heads))
    torch.nn.init.normal_(block.proj.weight)
    x = torch.randn(2, 16, 3, 5)
    pixels = block.norm(x).flatten(2).transpose(1, 2)
    by_pixel = x + block._pixel_attention(pixels).reshape(x.shape)
    torch.testing.assert_close(by_pixel, block(x))
    single = AttentionBlock(16, BlockStyle(0, 4, 0.0))
    single.load_state_dict(block.state_dict())
    apart = float((single(x) - by_pixel).abs().max())
    assert (apart < 1e-4) == (heads == 1)


@torch.inference_mode()
def test_a_residual_block_keeps_nothing_of_its_first_convolution_while_it_does_the_second() -> None:
    block = ResidualBlock(4, 4, BlockStyle(8, 4, 0.0)).eval()
    first: list[weakref.ref[torch.Tensor]] = []
    kept: list[bool] = []
    block.conv1.register_forward_hook(lambda _, __, y: first.append(weakref.ref(y)))
    block.conv2.register_forward_pre_hook(lambda _, __: kept.append(first[0]() is not None))
    block(torch.randn(1, 4, 3, 5), torch.randn(1, 8))
    assert kept == [False]


def test_output_depends_on_every_input() -> None:
    torch.manual_seed(0)
    model = UNet(UNetConfig.tiny(8).with_fields(num_classes=2)).eval()
    for p in model.parameters():
        torch.nn.init.normal_(p, std=0.1)
    x, t = torch.randn(1, 3, 8, 8), torch.tensor([5])
    base = model(x, t, torch.tensor([0]))
    assert not torch.allclose(base, model(x, t + 1, torch.tensor([0])))
    assert not torch.allclose(base, model(x, t, torch.tensor([1])))
    assert torch.equal(model(x, t), model(x, t, torch.tensor([2])))


def test_labels_on_an_unconditional_network_are_refused() -> None:
    model = UNet(UNetConfig.tiny(8))
    with pytest.raises(ValueError, match="without labels"):
        model(torch.zeros(1, 3, 8, 8), torch.tensor([0]), torch.tensor([0]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"height": 30}, "32 × 30 is not a multiple of 4"),
        ({"channels": 0}, "channels"),
        ({"base_channels": 40}, "groups"),
        ({"channel_mult": ()}, "level"),
    ],
)
def test_impossible_networks_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        UNetConfig.tiny().with_fields(**changes)


@pytest.mark.parametrize("name", ["tiny", "small", "ddpm32", "ddpm256"])
def test_config_survives_a_dict(name: str) -> None:
    side = 32 if name != "ddpm256" else 64
    config = preset(name, (1, side, side))
    assert isinstance(config, UNetConfig)
    assert UNetConfig.from_dict(config.to_dict()) == config
    with pytest.raises(ValueError, match="colour"):
        UNetConfig.from_dict({**config.to_dict(), "colour": 1})
