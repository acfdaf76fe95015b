"""Import of Ho's converted weights and ermongroup/ddim's, against an independent forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio.engine.networks.unet_config import UNetConfig
from ddpm_studio.errors import StudioError
from ddpm_studio.interop import ForeignModel, open_recognised
from ddpm_studio.interop.formats.ho import paper_config, questions_about
from tests.interop.formats.made_up import Weights, close, doubled

_EPS = 1e-6


@dataclass
class Paper:
    """U-Net of DDPM in functional form, with the weight names of the conversion."""

    base: int = 32
    mult: tuple[int, ...] = (1, 2, 2)
    blocks: int = 2
    attention: tuple[int, ...] = (1,)
    channels: int = 3
    out: int = 3
    weights: Weights = field(default_factory=Weights)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        w, half = self.weights, self.base // 2
        rates = torch.exp(-math.log(10000) * torch.arange(half).float() / (half - 1))
        angles = t[:, None].float() * rates
        emb = torch.cat([angles.sin(), angles.cos()], dim=1)
        emb = w.linear("temb.dense.0", emb, 4 * self.base)
        emb = F.silu(w.linear("temb.dense.1", F.silu(emb), 4 * self.base))
        h = w.conv("conv_in", x, self.base)
        skips, last = [h], len(self.mult) - 1
        for level, mult in enumerate(self.mult):
            for block in range(self.blocks):
                h = self.residual(f"down.{level}.block.{block}", h, emb, mult * self.base)
                if level in self.attention:
                    h = self.attend(f"down.{level}.attn.{block}", h)
                skips.append(h)
            if level < last:
                h = F.pad(h, (0, 1, 0, 1))
                name = f"down.{level}.downsample.conv"
                h = w.conv(name, h, mult * self.base, stride=2, pad=0)
                skips.append(h)
        h = self.residual("mid.block_1", h, emb, h.shape[1])
        h = self.attend("mid.attn_1", h)
        h = self.residual("mid.block_2", h, emb, h.shape[1])
        for level, mult in reversed(list(enumerate(self.mult))):
            for block in range(self.blocks + 1):
                h = torch.cat([h, skips.pop()], dim=1)
                h = self.residual(f"up.{level}.block.{block}", h, emb, mult * self.base)
                if level in self.attention:
                    h = self.attend(f"up.{level}.attn.{block}", h)
            if level:
                h = w.conv(f"up.{level}.upsample.conv", doubled(h), mult * self.base)
        assert not skips
        return w.conv("conv_out", F.silu(w.norm("norm_out", h, _EPS)), self.out)

    def residual(self, name: str, x: Tensor, emb: Tensor, out: int) -> Tensor:
        w = self.weights
        h = w.conv(f"{name}.conv1", F.silu(w.norm(f"{name}.norm1", x, _EPS)), out)
        h = h + w.linear(f"{name}.temb_proj", emb, out)[:, :, None, None]
        h = w.conv(f"{name}.conv2", F.silu(w.norm(f"{name}.norm2", h, _EPS)), out)
        if x.shape[1] != out:
            x = w.conv(f"{name}.nin_shortcut", x, out, kernel=1)
        return x + h

    def attend(self, name: str, x: Tensor) -> Tensor:
        names = {part: f"{name}.{part}" for part in ("norm", "q", "k", "v")}
        return self.weights.attention({**names, "out": f"{name}.proj_out"}, x, _EPS)

    def made(self) -> dict[str, Tensor]:
        """Return the state dict of a checkpoint."""
        with torch.inference_mode():
            self(torch.zeros(1, self.channels, 32, 32), torch.zeros(1))
        return {name: value.clone() for name, value in self.weights.items()}


def read(path: Path, **answers: Any) -> ForeignModel:
    with open_recognised(path) as found:
        return found.read({**found.defaults, **answers})


def agree(model: ForeignModel, theirs: Paper, raw: bool = False) -> None:
    network = model.network()
    if raw:
        assert model.raw is not None
        network.load_state_dict(model.raw)
    x = torch.randn(2, *network.config.shape, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([3, 987])
    with torch.inference_mode():
        assert close(network(x, t), theirs(x, t))


@pytest.mark.parametrize(
    "net",
    [
        pytest.param(Paper(), id="paper"),
        pytest.param(Paper(mult=(1, 1, 2), attention=(1, 2), blocks=1), id="two-attend"),
        pytest.param(Paper(channels=1, out=2, mult=(1, 2)), id="gray-learned"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_hos_weights_are_the_papers_network(net: Paper, wrapped: bool, tmp_path: Path) -> None:
    weights = net.made()
    if wrapped:
        state = {f"module.{name}": value for name, value in weights.items()}
        torch.save({"state_dict": state, "epoch": 3}, tmp_path / "ema.ckpt")
    else:
        torch.save(weights, tmp_path / "ema.ckpt", _use_new_zipfile_serialization=False)
    with open_recognised(tmp_path / "ema.ckpt") as found:
        assert found.info.name == "ho"
        assert found.defaults == {
            "image_size": 32,
            "schedule": "linear",
            "timesteps": 1000,
            "parameterization": "eps",
        }
    model = read(tmp_path / "ema.ckpt")
    assert isinstance(model.config, UNetConfig)
    assert model.config.kind == "unet"
    assert model.config.shape == (net.channels, 32, 32)
    assert model.config.learned_variance == (net.out != net.channels)
    assert model.raw is None
    agree(model, net)


@pytest.mark.parametrize("preset", [UNetConfig.ddpm32(), UNetConfig.ddpm256()])
def test_the_published_shapes_are_the_presets(preset: UNetConfig) -> None:
    attends = tuple(level for level, one in enumerate(preset.attends) if one)
    net = Paper(128, preset.channel_mult, attention=attends)
    with torch.device("meta"), torch.inference_mode():
        # The meta device has no data, and no random numbers.
        net.weights.generator = torch.default_generator
        net(torch.zeros(1, *preset.shape), torch.zeros(1))
    answers = questions_about(net.weights)
    assert answers["image_size"] == preset.height
    assert paper_config(net.weights, answers) == preset.with_fields(dropout=0.0)


@pytest.mark.parametrize("parallel", ["module.", ""])
@pytest.mark.parametrize("averaged", [True, False])
def test_ermons_list_has_model_and_averages(parallel: str, averaged: bool, tmp_path: Path) -> None:
    net, ema = Paper(), Paper(weights=Weights(1))
    weights = net.made()
    optimizer = torch.optim.Adam([torch.nn.Parameter(torch.zeros(2))])
    named = {f"{parallel}{name}": value for name, value in weights.items()}
    states = [named, optimizer.state_dict(), 12, 34567, *([ema.made()] if averaged else [])]
    torch.save(states, tmp_path / "ckpt.pth")
    with open_recognised(tmp_path / "ckpt.pth") as found:
        assert found.info.name == "ermon"
    model = read(tmp_path / "ckpt.pth", schedule="quadratic", timesteps=100)
    assert model.training_progress == "step 34,567"
    assert len(model.schedule.betas) == 100
    if averaged:
        agree(model, ema)
        agree(model, net, raw=True)
    else:
        agree(model, net)
        assert model.raw is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"conv_in.bias": None}, "lack conv_in.bias"),
        ({"down.0.downsample.conv.weight": None}, "lack down.0.downsample.conv.weight"),
        ({"logvar": torch.zeros(9)}, "besides"),
        ({"conv_out.weight": torch.zeros(5, 32, 3, 3)}, "gives 5 channels for 3"),
        ({"mid.attn_1.q.weight": torch.zeros(64, 32, 1, 1)}, "does not go with"),
        ({"down.99999.x": torch.zeros(1)}, "no U-Net"),
        ({"conv_out.bias": torch.full((3,), torch.nan)}, "not finite"),
    ],
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Tensor | None], message: str, tmp_path: Path
) -> None:
    weights = {**Paper().made(), **changes}
    torch.save({k: v for k, v in weights.items() if v is not None}, tmp_path / "a.ckpt")
    with pytest.raises(StudioError, match=message):
        read(tmp_path / "a.ckpt")
