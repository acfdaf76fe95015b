"""Import of improved- and guided-diffusion checkpoints, against an independent forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio.errors import StudioError
from ddpm_studio.interop import ForeignModel, OpenAIFlags, from_openai, load_openai, open_recognised
from ddpm_studio.interop.formats.openai import OpenAI
from ddpm_studio.interop.formats.source import Source
from tests.interop.formats.made_up import Weights, close, doubled


@dataclass
class Published:
    """U-Net of Dhariwal & Nichol in functional form, with the weight names of its checkpoints."""

    channels: int = 3
    model_channels: int = 32
    mult: tuple[float, ...] = (1, 2)
    res_blocks: int = 1
    attention: tuple[int, ...] = (2,)
    heads: int = 2
    head_channels: int = -1
    scale_shift: bool = True
    updown: bool = False
    new_order: bool = False
    classes: int | None = None
    learn_sigma: bool = False

    def __post_init__(self) -> None:
        self.weights = Weights()

    def __call__(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        half = self.model_channels // 2
        frequencies = torch.exp(-math.log(10000) * torch.arange(half).float() / half)
        angles = t[:, None].float() * frequencies
        embedding = torch.cat([angles.cos(), angles.sin()], dim=1)
        width = 4 * self.model_channels
        emb = self.weights.linear("time_embed.0", embedding, width)
        emb = self.weights.linear("time_embed.2", F.silu(emb), width)
        if self.classes is not None:
            emb = emb + self.weights.get_or_make("label_emb.weight", self.classes, width)[y]
        widths = [int(mult * self.model_channels) for mult in self.mult]
        h = self.weights.conv("input_blocks.0.0", x, widths[0])
        hs, number, rate = [h], 1, 1
        for level, out in enumerate(widths):
            for _ in range(self.res_blocks):
                h = self.res(f"input_blocks.{number}.0", h, emb, out)
                if rate in self.attention:
                    h = self.attend(f"input_blocks.{number}.1", h)
                hs.append(h)
                number += 1
            if level < len(widths) - 1:
                name = f"input_blocks.{number}.0"
                if self.updown:
                    h = self.res(name, h, emb, out, "down")
                else:
                    h = self.weights.conv(f"{name}.op", h, out, stride=2)
                hs.append(h)
                number += 1
                rate *= 2
        h = self.res("middle_block.0", h, emb, widths[-1])
        h = self.attend("middle_block.1", h)
        h = self.res("middle_block.2", h, emb, widths[-1])
        number = 0
        for level, out in reversed(list(enumerate(widths))):
            for k in range(self.res_blocks + 1):
                h = self.res(f"output_blocks.{number}.0", torch.cat([h, hs.pop()], 1), emb, out)
                inner = 1
                if rate in self.attention:
                    h = self.attend(f"output_blocks.{number}.1", h)
                    inner = 2
                if level and k == self.res_blocks:
                    name = f"output_blocks.{number}.{inner}"
                    if self.updown:
                        h = self.res(name, h, emb, out, "up")
                    else:
                        h = self.weights.conv(
                            f"{name}.conv", h.repeat_interleave(2, 2).repeat_interleave(2, 3), out
                        )
                    rate //= 2
                number += 1
        h = F.silu(self.weights.norm("out.0", h))
        return self.weights.conv("out.2", h, self.channels * (2 if self.learn_sigma else 1))

    def res(self, name: str, x: Tensor, emb: Tensor, out: int, resample: str = "") -> Tensor:
        h = F.silu(self.weights.norm(f"{name}.in_layers.0", x))
        if resample == "down":
            h, x = F.avg_pool2d(h, 2), F.avg_pool2d(x, 2)
        elif resample == "up":
            h, x = doubled(h), doubled(x)
        h = self.weights.conv(f"{name}.in_layers.2", h, out)
        wide = 2 * out if self.scale_shift else out
        by_t = self.weights.linear(f"{name}.emb_layers.1", F.silu(emb), wide)[:, :, None, None]
        if self.scale_shift:
            scale, shift = by_t.chunk(2, dim=1)
            h = self.weights.norm(f"{name}.out_layers.0", h) * (1 + scale) + shift
        else:
            h = self.weights.norm(f"{name}.out_layers.0", h + by_t)
        h = self.weights.conv(f"{name}.out_layers.3", F.silu(h), out)
        if x.shape[1] != out:
            x = self.weights.conv(f"{name}.skip_connection", x, out, kernel=1)
        return x + h

    def attend(self, name: str, x: Tensor) -> Tensor:
        n, c, length = x.shape[0], x.shape[1], x.shape[2] * x.shape[3]
        heads = self.heads if self.head_channels == -1 else c // self.head_channels
        h = self.weights.norm(f"{name}.norm", x).reshape(n, c, length)
        qkv = F.conv1d(
            h,
            self.weights.get_or_make(f"{name}.qkv.weight", 3 * c, c, 1),
            self.weights.get_or_make(f"{name}.qkv.bias", 3 * c),
        )
        mixed = torch.empty(n, c, length)
        size = c // heads
        for head in range(heads):
            if self.new_order:
                q, k, v = (
                    qkv[:, p * c + head * size : p * c + (head + 1) * size] for p in range(3)
                )
            else:
                q, k, v = qkv[:, 3 * head * size : 3 * (head + 1) * size].split(size, dim=1)
            weight = torch.softmax(torch.einsum("bct,bcs->bts", q, k) / math.sqrt(size), dim=-1)
            mixed[:, head * size : (head + 1) * size] = torch.einsum("bts,bcs->bct", weight, v)
        out = F.conv1d(
            mixed,
            self.weights.get_or_make(f"{name}.proj_out.weight", c, c, 1),
            self.weights.get_or_make(f"{name}.proj_out.bias", c),
        )
        return x + out.reshape(x.shape)


def flags(net: Published, size: tuple[int, int]) -> OpenAIFlags:
    return OpenAIFlags(
        *size,
        num_heads=net.heads,
        num_head_channels=None if net.head_channels == -1 else net.head_channels,
        use_new_attention_order=net.new_order,
    )


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(Published(), id="improved"),
        pytest.param(Published(scale_shift=False, learn_sigma=True, heads=1), id="no-scale-shift"),
        pytest.param(Published(updown=True, head_channels=16, classes=3), id="guided"),
        pytest.param(Published(new_order=True, heads=4, res_blocks=2), id="new-order"),
        pytest.param(Published(mult=(1, 2, 3), attention=(2, 4), updown=True), id="deep"),
        pytest.param(Published(model_channels=64, mult=(0.5, 1, 1), attention=(4,)), id="half"),
        pytest.param(Published(mult=(1,), attention=(1,), channels=1), id="one-level"),
    ],
)
@pytest.mark.parametrize("size", [(16, 16), (8, 24)])
def test_they_predict_as_published(net: Published, size: tuple[int, int]) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, net.channels, *size, generator=generator)
    t, y = torch.tensor([3, 987]), torch.tensor([0, 2]) if net.classes else None
    with torch.inference_mode():
        expected = net(x, t, y)
        model = from_openai(net.weights, flags(net, size))
        ours = model.network()(x, t, y)
    assert model.config.shape == (net.channels, *size)
    assert model.config.learned_variance == net.learn_sigma
    assert model.config.num_classes == net.classes
    assert float(expected.std()) > 0.1
    assert float((ours - expected).abs().max()) < 1e-5 * max(1.0, float(expected.abs().max()))


def made(net: Published) -> dict[str, Tensor]:
    """Return the state dict of a checkpoint."""
    with torch.inference_mode():
        y = torch.tensor([0]) if net.classes else None
        net(torch.zeros(1, net.channels, 16, 16), torch.zeros(1), y)
    return {name: value.clone() for name, value in net.weights.items()}


def test_a_file_is_read(tmp_path: Path) -> None:
    weights = made(Published())
    torch.save(weights, tmp_path / "model.pt")
    model = load_openai(tmp_path / "model.pt", OpenAIFlags(16, 16, num_heads=2))
    again = from_openai(weights, OpenAIFlags(16, 16, num_heads=2))
    assert model.config == again.config
    assert all(torch.equal(value, again.weights[name]) for name, value in model.weights.items())


@pytest.mark.parametrize(
    ("changes", "given", "message"),
    [
        ({"input_blocks.0.0.weight": None}, {}, "lack input_blocks.0.0.weight"),
        ({"middle_block.1.norm.bias": None}, {}, "lack middle_block.1.norm.bias"),
        ({"model.diffusion": torch.zeros(1)}, {}, "besides"),
        ({"output_blocks.9999999999.0.x": torch.zeros(1)}, {}, "no U-Net"),
        ({"out.2.weight": torch.zeros(5, 32, 3, 3)}, {}, "gives 5 channels for 3"),
        ({"out.2.bias": torch.full((3,), torch.nan)}, {}, "not finite"),
        ({}, {"num_heads": 5}, "5 heads"),
        ({}, {"height": 15}, "not a multiple of 2"),
    ],
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Tensor | None], given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    weights = {**made(Published()), **changes}
    torch.save({k: v for k, v in weights.items() if v is not None}, tmp_path / "model.pt")
    with pytest.raises(StudioError, match=message):
        load_openai(tmp_path / "model.pt", replace(OpenAIFlags(16, 16, num_heads=2), **given))


MODEL_CARDS: dict[str, tuple[Published, dict[str, Any]]] = {
    # improved-diffusion
    "cifar10_uncond_50M_500K": (
        Published(
            model_channels=128, mult=(1, 2, 2, 2), res_blocks=3, attention=(2, 4), learn_sigma=True
        ),
        {"image_size": 32, "schedule": "cosine", "timesteps": 4000, "num_heads": 4},
    ),
    "imagenet64_cond_270M_250K": (
        Published(
            model_channels=192,
            mult=(1, 2, 3, 4),
            res_blocks=3,
            attention=(4, 8),
            learn_sigma=True,
            classes=1000,
        ),
        {"image_size": 64, "schedule": "cosine", "timesteps": 4000, "rescale_timesteps": False},
    ),
    "lsun_uncond_100M_1200K_bs128": (
        Published(
            model_channels=128,
            mult=(1, 1, 2, 2, 4, 4),
            res_blocks=2,
            attention=(16,),
            learn_sigma=True,
            scale_shift=False,
        ),
        {"image_size": 256, "schedule": "linear", "timesteps": 1000, "num_heads": 1},
    ),
    # guided-diffusion
    "64x64_diffusion": (
        Published(
            model_channels=192,
            mult=(1, 2, 3, 4),
            res_blocks=3,
            attention=(2, 4, 8),
            learn_sigma=True,
            updown=True,
            classes=1000,
        ),
        {
            "image_size": 64,
            "schedule": "cosine",
            "timesteps": 1000,
            "num_head_channels": 64,
            "new_attention_order": True,
        },
    ),
    "128x128_diffusion": (
        Published(
            model_channels=256,
            mult=(1, 1, 2, 3, 4),
            res_blocks=2,
            attention=(4, 8, 16),
            learn_sigma=True,
            updown=True,
            classes=1000,
        ),
        {"image_size": 128, "schedule": "linear", "num_heads": 4, "num_head_channels": 0},
    ),
    "256x256_diffusion_uncond": (
        Published(
            model_channels=256,
            mult=(1, 1, 2, 2, 4, 4),
            res_blocks=2,
            attention=(8, 16, 32),
            learn_sigma=True,
            updown=True,
        ),
        {
            "image_size": 256,
            "schedule": "linear",
            "timesteps": 1000,
            "num_head_channels": 64,
            "new_attention_order": False,
        },
    ),
}


@pytest.mark.parametrize("name", MODEL_CARDS)
def test_usual_is_what_the_model_cards_list(name: str) -> None:
    net, told = MODEL_CARDS[name]
    with torch.device("meta"), torch.inference_mode():
        # The meta device has no data, and no random numbers.
        net.weights.generator = torch.default_generator
        side = told["image_size"]
        net(torch.zeros(1, 3, side, side), torch.zeros(1), torch.zeros(1, dtype=torch.int64))
    source = Source(Path(name), tree=dict(net.weights))
    assert OpenAI().recognises(source)
    defaults = OpenAI().questions(source)
    assert {key: defaults[key] for key in told} == told
    assert ("null_class" in defaults) == (net.classes is not None)


def read(path: Path, **answers: Any) -> ForeignModel:
    with open_recognised(path) as found:
        assert found.info.name == "openai"
        return found.read({**found.defaults, **answers})


@pytest.mark.parametrize("rescale", [True, False])
def test_of_rescaled_timesteps_the_network_sees_thousandths(rescale: bool, tmp_path: Path) -> None:
    net = Published()
    torch.save(made(net), tmp_path / "a.pt")
    model = read(
        tmp_path / "a.pt",
        image_size=16,
        num_heads=2,
        timesteps=4000,
        rescale_timesteps=rescale,
    )
    # Their linear schedule scales β by 1000/T.
    assert float(model.schedule.betas[-1]) == pytest.approx(0.02 / 4)
    x, t = torch.randn(2, 3, 16, 16), torch.tensor([3, 3987])
    with torch.inference_mode():
        assert close(model.network()(x, t), net(x, t / 4 if rescale else t))


def test_the_last_class_may_stand_for_none(tmp_path: Path) -> None:
    net = Published(classes=4, learn_sigma=True)
    net(torch.zeros(1, 3, 16, 16), torch.zeros(1), torch.tensor([0]))
    torch.save({"state_dict": dict(net.weights)}, tmp_path / "a.pt")
    x, t, y = torch.randn(2, 3, 16, 16), torch.tensor([3, 987]), torch.tensor([0, 3])
    for null_class, count in ((False, 4), (True, 3)):
        answers = {"image_size": 16, "num_heads": 2, "null_class": null_class}
        model = read(tmp_path / "a.pt", **answers)
        assert (model.config.num_classes, model.null_label) == (count, null_class)
        assert model.process.variance == "learned_range"
        with torch.inference_mode():
            assert close(model.network()(x, t, y), net(x, t, y))


def test_their_other_networks_are_named(tmp_path: Path) -> None:
    upsampler = Published(channels=6)
    torch.save(made(upsampler), tmp_path / "a.pt")
    with pytest.raises(StudioError, match="an upsampler"):
        read(tmp_path / "a.pt", image_size=16)
