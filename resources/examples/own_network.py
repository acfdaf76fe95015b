"""A network of one's own: described, built, trained and drawn with as any other.

python own_network.py --run runs/own-network

A plain stack of 3 × 3 convolutions at growing distances, which knows t by an embedding.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from torch import Tensor, nn

import ddpm_studio as ds
from ddpm_studio import catalogue
from ddpm_studio.engine import Network, NetworkConfig
from ddpm_studio.engine.networks.embeddings import timestep_embedding


@dataclass(frozen=True)
class PlainConfig(NetworkConfig):
    """What run.json keeps of it, beside the pictures' size and channels.

    Args:
        hidden: channels between the first and the last layer.
    """

    kind: ClassVar[str] = "plain"

    hidden: int = 48


class Plain(Network):
    """Residual 3 × 3 convolutions of dilation 1, 2, 4, 1, 2, 4, each with an addend of t."""

    # bf16 could not tell neighbouring timesteps apart.
    in_float32 = ("embed",)

    config: PlainConfig

    def __init__(self, config: PlainConfig) -> None:
        super().__init__(config)
        hidden = config.hidden
        self.embed = nn.Sequential(nn.Linear(hidden, hidden), nn.SiLU())
        self.first = nn.Conv2d(config.channels, hidden, 3, padding=1)
        dilations = (1, 2, 4, 1, 2, 4)
        self.times = nn.ModuleList(nn.Linear(hidden, hidden) for _ in dilations)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.GroupNorm(8, hidden),
                nn.SiLU(),
                nn.Conv2d(hidden, hidden, 3, padding=d, dilation=d),
            )
            for d in dilations
        )
        self.last = nn.Conv2d(hidden, config.out_channels, 3, padding=1)
        # It begins by predicting nothing, as the paper's network does.
        nn.init.zeros_(self.last.weight)

    def forward(self, x: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Predict from x_t, shape (N, C, H, W), at the labels t, shape (N,)."""
        computed_in = self.first.weight.dtype
        told = self.embed(timestep_embedding(t, self.config.hidden))
        h = self.first(x.to(computed_in))
        for time, layer in zip(self.times, self.layers, strict=True):
            h = h + layer(h + time(told.to(computed_in))[:, :, None, None])
        out: Tensor = self.last(h)
        return out.to(x.dtype)


def plain(size: int | tuple[int, int], channels: int) -> PlainConfig:
    """Return it for pictures of a side, or of (height, width)."""
    height, width = (size, size) if isinstance(size, int) else size
    return PlainConfig(height, width, channels)


NETWORK = catalogue.NetworkInfo(
    "plain",
    "Plain convolutions",
    "a stack of 3 × 3 convolutions",
    f"{__name__}:Plain",
    config=f"{__name__}:PlainConfig",
)
PRESET = catalogue.PresetInfo("plain", "plain", "48 channels, six layers", f"{__name__}:plain")


def main(given: Sequence[str] | None = None) -> None:
    """Train it on emoji of 16 pixels and draw some."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--run", type=Path, default=Path("runs/own-network"), help="a new folder")
    parser.add_argument("--steps", type=int, default=1000, help="optimiser steps")
    parser.add_argument("--out", type=Path, default=Path("own-network.png"))
    told = parser.parse_args(given)
    catalogue.NETWORKS.add(NETWORK)
    catalogue.PRESETS.add(PRESET)
    emoji = next(one for one in ds.data.sample_sets() if one.name == "emoji")
    run = ds.train(
        emoji.path,
        run=told.run,
        steps=told.steps,
        image_size=16,
        channels="rgb",
        preset="plain",
        learning_rate=1e-3,
        warmup_steps=50,
    )
    print(run)
    print(run.sample(16, sampler="dpm++2m-sde", steps=20).save(told.out, scale=6))


if __name__ == "__main__":
    main()
