"""Import of w86763777/pytorch-ddpm checkpoints, against an independent forward pass."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from ddpm_studio.errors import StudioError
from ddpm_studio.interop import open_recognised
from tests.interop.formats.made_up import Weights, close, doubled

_TIME = "time_embedding.timembedding"


@dataclass
class Theirs:
    """Its U-Net in functional form, with the weight names of its checkpoints."""

    base: int = 32
    mult: tuple[int, ...] = (1, 2, 2)
    blocks: int = 2
    attention: tuple[int, ...] = (1,)
    T: int = 1000
    weights: Weights = field(default_factory=Weights)

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        w = self.weights
        # Sines and cosines are interleaved; the table for all t is stored as a weight.
        rates = torch.exp(-math.log(10000) * torch.arange(0, self.base, 2) / self.base)
        angles = torch.arange(self.T).float()[:, None] * rates
        table = torch.stack([angles.sin(), angles.cos()], dim=-1).reshape(self.T, self.base)
        w[f"{_TIME}.0.weight"] = table
        emb = F.silu(w.linear(f"{_TIME}.1", table[t.long()], 4 * self.base))
        emb = F.silu(w.linear(f"{_TIME}.3", emb, 4 * self.base))
        h = w.conv("head", x, self.base)
        skips, place = [h], 0
        for level, mult in enumerate(self.mult):
            for _ in range(self.blocks):
                attends = level in self.attention
                h = self.residual(f"downblocks.{place}", h, emb, mult * self.base, attends)
                skips.append(h)
                place += 1
            if level < len(self.mult) - 1:
                h = w.conv(f"downblocks.{place}.main", h, mult * self.base, stride=2, pad=1)
                skips.append(h)
                place += 1
        h = self.residual("middleblocks.0", h, emb, h.shape[1], True)
        h = self.residual("middleblocks.1", h, emb, h.shape[1], False)
        place = 0
        for level, mult in reversed(list(enumerate(self.mult))):
            for _ in range(self.blocks + 1):
                h, attends = torch.cat([h, skips.pop()], dim=1), level in self.attention
                h = self.residual(f"upblocks.{place}", h, emb, mult * self.base, attends)
                place += 1
            if level:
                h = w.conv(f"upblocks.{place}.main", doubled(h), mult * self.base)
                place += 1
        assert not skips
        return w.conv("tail.2", F.silu(w.norm("tail.0", h)), 3)

    def residual(self, name: str, x: Tensor, emb: Tensor, out: int, attends: bool) -> Tensor:
        w = self.weights
        h = w.conv(f"{name}.block1.2", F.silu(w.norm(f"{name}.block1.0", x)), out)
        h = h + w.linear(f"{name}.temb_proj.1", emb, out)[:, :, None, None]
        h = w.conv(f"{name}.block2.3", F.silu(w.norm(f"{name}.block2.0", h)), out)
        h = h + (w.conv(f"{name}.shortcut", x, out, kernel=1) if x.shape[1] != out else x)
        if not attends:
            return h
        names = {part: f"{name}.attn.proj_{part}" for part in "qkv"}
        names |= {"norm": f"{name}.attn.group_norm", "out": f"{name}.attn.proj"}
        return w.attention(names, h, 1e-5)

    def made(self) -> dict[str, Tensor]:
        """Return the state dict of a checkpoint."""
        with torch.inference_mode():
            self(torch.zeros(1, 3, 32, 32), torch.zeros(1))
        return {name: value.clone() for name, value in self.weights.items()}


def checkpoint(net: Theirs, ema: Theirs, **changes: Any) -> dict[str, Any]:
    weight = torch.nn.Parameter(torch.zeros(2))
    optimizer = torch.optim.Adam([weight])
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(step, 5) / 5)
    return {
        "net_model": net.made(),
        "ema_model": ema.made(),
        "sched": scheduler.state_dict(),
        "optim": optimizer.state_dict(),
        "step": 800_000,
        "x_T": torch.zeros(4, 3, 32, 24),
        **changes,
    }


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"mult": (1, 2), "attention": (0, 1), "blocks": 1},
        {"mult": (1,), "attention": (), "T": 20},
    ],
)
def test_it_predicts_as_described(shape: dict[str, Any], tmp_path: Path) -> None:
    net, ema = Theirs(**shape), Theirs(**shape, weights=Weights(1))
    torch.save(checkpoint(net, ema), tmp_path / "ckpt.pt")
    with open_recognised(tmp_path / "ckpt.pt") as found:
        assert found.info.name == "pytorch-ddpm"
        # The file contains T and the picture size.
        assert found.defaults == {"schedule": "linear", "parameterization": "eps"}
        model = found.read(found.defaults)
    assert model.config.shape == (3, 32, 24)
    assert len(model.schedule.betas) == net.T
    assert model.training_progress == "step 800,000"
    assert model.raw is not None
    x = torch.randn(2, 3, 32, 24, generator=torch.Generator().manual_seed(1))
    t = torch.tensor([3, net.T - 1])
    network = model.network()
    with torch.inference_mode():
        assert close(network(x, t), ema(x, t))
        network.load_state_dict(model.raw)
        assert close(network(x, t), net(x, t))


def test_weights_alone_are_read_too(tmp_path: Path) -> None:
    net = Theirs()
    torch.save(net.made(), tmp_path / "a.pt")
    with open_recognised(tmp_path / "a.pt") as found:
        assert found.defaults == {"image_size": 32, "schedule": "linear", "parameterization": "eps"}
        network = found.read(found.defaults).network()
    x, t = torch.randn(1, 3, 32, 32), torch.tensor([500])
    with torch.inference_mode():
        assert close(network(x, t), net(x, t))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"head.bias": None}, "lack head.bias"),
        ({f"{_TIME}.0.weight": torch.randn(1000, 32)}, "none of sines and cosines"),
        ({"downblocks.99.x": torch.zeros(1)}, "no U-Net"),
        ({"head.weight": torch.zeros(64, 3, 3, 3)}, "another width"),
    ],
)
def test_what_does_not_fit_is_refused(
    changes: dict[str, Tensor | None], message: str, tmp_path: Path
) -> None:
    weights = {**Theirs().made(), **changes}
    torch.save({k: v for k, v in weights.items() if v is not None}, tmp_path / "a.pt")
    with (
        pytest.raises(StudioError, match=message),
        open_recognised(tmp_path / "a.pt") as found,
    ):
        found.read(found.defaults)
